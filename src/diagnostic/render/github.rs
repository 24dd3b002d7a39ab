//! A finding as a workflow command of GitHub Actions: `--format github`.
//!
//! ```text
//! ::error file=m.bnn,line=3,endLine=3,col=16,endColumn=21,title=N001::`sgima` is not defined%0Ahelp: write `sigma`
//! ```

use crate::diagnostic::{Diagnostic, Level};
use crate::source::{SourceFile, Span};

/// One line for one finding, ending in a newline.
pub fn github(finding: &Diagnostic, source: &SourceFile) -> String {
    let command = match finding.level() {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Note => "notice",
    };
    let place = match finding.labels.first() {
        Some(label) => {
            let (line, column) = source.line_column(label.span);
            let (end_line, end_column) =
                source.line_column(Span { start: label.span.end, end: label.span.end });
            format!(",line={line},endLine={end_line},col={column},endColumn={end_column}")
        }
        None => String::new(),
    };
    format!(
        "::{command} file={}{place},title={}::{}\n",
        property(&source.name),
        finding.code.id(),
        data(&finding.in_words())
    )
}

/// What a message may not hold as it is.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// What a value before the `::` may not hold either.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_is_one_line() {
        let source = SourceFile::new("a,b.bnn", "x = 1\ny = zz\n");
        let finding = Diagnostic::new("N001", "`zz` is 100% unknown")
            .at(Span { start: 10, end: 12 }, "")
            .help("write `x`");
        assert_eq!(
            github(&finding, &source),
            "::error file=a%2Cb.bnn,line=2,endLine=2,col=5,endColumn=7,title=N001::`zz` is 100%25 unknown%0Ahelp: write `x`\n"
        );
    }
}
