//! Draws diagnostics: `human` for people, `json`, `sarif` and `github` for programs.
