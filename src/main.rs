//! The program: arguments in, exit status out.

use std::process::ExitCode;

fn main() -> ExitCode {
    bnnc::cli::run(std::env::args_os())
}
