//! The program as a user runs it: arguments in, output, errors and exit status out.

mod commands;
mod export;
mod faults;
mod first_ten;
mod fit;
mod formats;
mod hostile;
mod hostile_parquet;
mod kill;
mod language;
mod messages;
mod new_levels;
#[cfg(feature = "images")]
mod pictures;
mod predict;
mod readme;
mod sarif;
mod sweep;
mod switches;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// A folder with a model and its data, where the program is run.
pub struct Place {
    folder: TempDir,
}

/// What the program did.
pub struct Outcome {
    /// Its exit status.
    pub status: i32,
    /// What it printed on standard output.
    pub out: String,
    /// What it printed on standard error.
    pub err: String,
}

/// Twenty rows of y = 1 + 2 x + noise of sd 0.5, a quarter of them held out.
const LINE: &str = r#"data "line.csv" { x, y : real; split by part }
b[2] ~ Normal(0, 3)
s ~ HalfNormal(1)
y ~ Normal(b[1] + b[2] * x, s)
"#;

impl Place {
    /// An empty folder.
    pub fn new() -> Place {
        Place { folder: tempfile::tempdir().unwrap() }
    }

    /// A folder with `line.bnn` and its data.
    pub fn with_line() -> Place {
        let place = Place::new();
        let noise = [0.3, -0.5, 0.1, 0.7, -0.4, 0.0, -0.8, 0.5, 0.2, -0.1];
        let row = |i: usize| {
            let x = i as f64 / 5.0 - 2.0;
            let part = if i % 4 == 3 { "valid" } else { "train" };
            format!("{x},{:.3},{part}\n", 1.0 + 2.0 * x + noise[i % 10])
        };
        place.write("line.csv", &format!("x,y,part\n{}", (0..20).map(row).collect::<String>()));
        place.write("line.bnn", LINE);
        place
    }

    /// The path of a file in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file.
    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    /// Reads a file.
    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
    }

    /// Reads a file as JSON.
    pub fn json(&self, name: &str) -> serde_json::Value {
        serde_json::from_str(&self.read(name)).unwrap()
    }

    /// Runs the program here with the words of a line as arguments.
    pub fn run(&self, line: &str) -> Outcome {
        Outcome::of(command(self.folder.path(), line).output().unwrap())
    }
}

impl Outcome {
    /// What a process did; -1 for one that a signal ended.
    pub fn of(output: std::process::Output) -> Outcome {
        Outcome {
            status: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// The program with the words of a line as arguments, away from the user's settings.
pub fn command(folder: &Path, line: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bnnc"));
    command.current_dir(folder).args(line.split_whitespace()).stdin(Stdio::null());
    command.env_remove("NO_COLOR").env("COLUMNS", "100");
    command
}

impl Outcome {
    /// A whole run as text: what a snapshot holds.
    pub fn shown(&self, line: &str) -> String {
        let part = |name: &str, text: &str| {
            if text.is_empty() { String::new() } else { format!("-- {name}\n{text}") }
        };
        format!(
            "$ bnnc {line}\n{}{}-- status {}\n",
            part("out", &self.out),
            part("err", &self.err),
            self.status
        )
    }
}
