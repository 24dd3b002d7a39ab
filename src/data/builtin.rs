//! `bnnc data NAME`: the rows of a generator as CSV.

use std::collections::HashMap;
use std::io::{self, Write};

use super::generator::{self, Generator};
use crate::diagnostic::{Diagnostic, Diagnostics, suggest};
use crate::source::Span;

/// Why nothing was written.
#[derive(Debug)]
pub enum WriteError {
    /// the name or an argument is wrong
    Wrong(Diagnostics),
    /// the output cannot be written
    Output(io::Error),
}

/// Writes the rows of a generator as CSV with the columns `x1`, `x2`, `y`.
///
/// `arguments` are those of the generator by name (`n`, `noise`, `seed`, …); the others have their defaults.
pub fn write_builtin(
    name: &str,
    arguments: &HashMap<String, f64>,
    out: &mut dyn Write,
) -> Result<(), WriteError> {
    let generator = Generator::named(name).ok_or_else(|| WriteError::Wrong(unknown(name).into()))?;
    if let Some(argument) =
        arguments.keys().filter(|a| !generator.arguments.iter().any(|b| b.name == **a)).min()
    {
        let known: Vec<&str> = generator.arguments.iter().map(|a| a.name).collect();
        let finding = Diagnostic::new("O003", format!("`{name}` has no argument `{argument}`"));
        return Err(WriteError::Wrong(
            finding.help(format!("its arguments are {}", known.join(", "))).into(),
        ));
    }
    let values = generator.values(&[], Span::default(), &HashMap::new(), arguments);
    let values = values.map_err(|findings| WriteError::Wrong(without_places(findings)))?;
    let mut text = String::from("x1,x2,y\n");
    for [x1, x2, y] in generator.rows(&values) {
        text.push_str(&format!("{x1},{x2},{y}\n"));
    }
    out.write_all(text.as_bytes()).map_err(WriteError::Output)
}

/// On the command line there is no source to point at: what stood at a place becomes a note.
fn without_places(findings: Diagnostics) -> Diagnostics {
    let plain = |mut finding: Diagnostic| {
        finding.notes.extend(finding.labels.drain(..).map(|label| label.text));
        finding
    };
    Diagnostics(findings.0.into_iter().map(plain).collect())
}

fn unknown(name: &str) -> Diagnostic {
    let known = || generator::ALL.iter().map(|g| g.name);
    let finding = Diagnostic::new("N012", format!("there is no built-in data set `{name}`"));
    let listed = generator::ALL.iter().map(|g| format!("{}: {}", g.name, g.summary));
    let finding = listed.fold(finding, Diagnostic::note);
    match suggest::nearest(name, known()) {
        Some(near) => finding.help(format!("did you mean `{near}`?")),
        None => finding,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generator_is_written_as_csv() {
        let mut out = vec![];
        let arguments = HashMap::from([("n".to_owned(), 4.0)]);
        write_builtin("circles", &arguments, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text.lines().next(), Some("x1,x2,y"));
        assert_eq!(text.lines().count(), 5);
        // Without noise, two of four points lie on each circle.
        assert_eq!(text.lines().filter(|l| l.ends_with(",1")).count(), 2);
    }

    #[test]
    fn wrong_names_and_arguments_are_answered() {
        let code = |name: &str, argument: &str| {
            let arguments = HashMap::from([(argument.to_owned(), 3.0)]);
            match write_builtin(name, &arguments, &mut vec![]) {
                Err(WriteError::Wrong(findings)) => findings.0[0].code.id(),
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(code("mons", "n"), "N012");
        assert_eq!(code("moons", "factor"), "O003");
        assert_eq!(code("circles", "factor"), "T011");
    }
}
