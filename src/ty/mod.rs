//! ty
