//! run_folder
