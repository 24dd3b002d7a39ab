//! `trace.csv` and `summary.csv`, to text and back.

use super::error::Fault;
use crate::metrics::convergence::Convergence;

/// A line of `trace.csv`: where the fit stood.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct TraceRow {
    /// Optimiser steps since the beginning of this start.
    pub step: u64,
    /// Seconds since the beginning of the fit.
    pub seconds: f64,
    /// The noisy objective of the step, in nats, for all training rows.
    pub elbo: f64,
    /// Which start, from 1.
    pub start: u32,
    /// The step size in force.
    pub rate: f64,
    /// Gradients of this start shortened so far.
    pub clipped: u64,
}

/// A line of `loo.csv`: one training row, left out.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct LooRow {
    /// Number of the row in its file, from 1.
    pub row: u64,
    /// log density of its targets, by a fit that has not seen it, in nats.
    pub elpd: f64,
    /// Shape of the tail of its weights.
    pub k_hat: f64,
}

/// A line of `summary.csv`: one scalar of the posterior, in its own units.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SummaryRow {
    /// `beta[1]`, `theta[A]`, `f.1.w[2,3]`
    pub variable: String,
    /// Posterior mean.
    pub mean: f64,
    /// Posterior standard deviation.
    pub sd: f64,
    /// 5 % quantile.
    pub q05: f64,
    /// Median.
    pub q50: f64,
    /// 95 % quantile.
    pub q95: f64,
    /// What Markov chains say of each other; none where the draws are independent.
    pub convergence: Option<Convergence>,
    /// By the importance weights of the guide's draws, where they may be trusted.
    pub reweighted: Option<Moments>,
}

/// Of a scalar.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moments {
    /// Mean.
    pub mean: f64,
    /// Standard deviation.
    pub sd: f64,
}

const TRACE: [&str; 6] = ["step", "seconds", "elbo", "start", "rate", "clipped"];
const LOO: [&str; 3] = ["row", "elpd", "k_hat"];
const SUMMARY: [&str; 6] = ["variable", "mean", "sd", "q05", "q50", "q95"];
/// Behind those where the draws are of Markov chains.
const CONVERGENCE: [&str; 4] = ["rhat", "ess_bulk", "ess_tail", "mcse"];
/// Behind those where the draws of a guide could be reweighted.
const REWEIGHTED: [&str; 2] = ["psis_mean", "psis_sd"];

/// Returns the content of `trace.csv`.
pub(super) fn trace_to_csv(rows: &[TraceRow]) -> String {
    let line = |r: &TraceRow| {
        let seconds = format!("{:.3}", r.seconds);
        let [step, elbo, rate] = [r.step.to_string(), r.elbo.to_string(), r.rate.to_string()];
        vec![step, seconds, elbo, r.start.to_string(), rate, r.clipped.to_string()]
    };
    to_csv(&TRACE.map(String::from), rows.iter().map(line))
}

/// Reads `trace.csv` back.
pub(super) fn trace_from_csv(text: &str) -> Result<Vec<TraceRow>, Fault> {
    let table = Table::parse("trace.csv", text)?;
    let columns = table.columns(&TRACE)?;
    let line = |row: usize| {
        Ok(TraceRow {
            step: table.parse_at(row, columns[0])?,
            seconds: table.number(row, columns[1])?,
            elbo: table.number(row, columns[2])?,
            start: table.parse_at(row, columns[3])?,
            rate: table.number(row, columns[4])?,
            clipped: table.parse_at(row, columns[5])?,
        })
    };
    (0..table.rows.len()).map(line).collect()
}

/// Returns the content of `loo.csv`.
pub(super) fn loo_to_csv(rows: &[LooRow]) -> String {
    let line = |r: &LooRow| vec![r.row.to_string(), r.elpd.to_string(), r.k_hat.to_string()];
    to_csv(&LOO.map(str::to_owned), rows.iter().map(line))
}

/// Reads `loo.csv` back.
pub(super) fn loo_from_csv(text: &str) -> Result<Vec<LooRow>, Fault> {
    let table = Table::parse("loo.csv", text)?;
    let columns = table.columns(&LOO)?;
    let line = |row: usize| {
        Ok(LooRow {
            row: table.parse_at(row, columns[0])?,
            elpd: table.number(row, columns[1])?,
            k_hat: table.number(row, columns[2])?,
        })
    };
    (0..table.rows.len()).map(line).collect()
}

/// Returns the content of `summary.csv`.
pub(super) fn summary_to_csv(rows: &[SummaryRow]) -> String {
    let of_chains = rows.iter().any(|r| r.convergence.is_some());
    let is_reweighted = rows.iter().any(|r| r.reweighted.is_some());
    let line = |r: &SummaryRow| {
        let mut numbers = vec![r.mean, r.sd, r.q05, r.q50, r.q95];
        if of_chains {
            let none = Convergence { rhat: f64::NAN, ess_bulk: f64::NAN, ess_tail: f64::NAN, mcse: f64::NAN };
            let c = r.convergence.unwrap_or(none);
            numbers.extend([c.rhat, c.ess_bulk, c.ess_tail, c.mcse]);
        }
        if is_reweighted {
            let moments = r.reweighted.unwrap_or(Moments { mean: f64::NAN, sd: f64::NAN });
            numbers.extend([moments.mean, moments.sd]);
        }
        std::iter::once(r.variable.clone()).chain(numbers.iter().map(f64::to_string)).collect()
    };
    let further = CONVERGENCE.iter().filter(|_| of_chains).chain(REWEIGHTED.iter().filter(|_| is_reweighted));
    let header: Vec<String> = SUMMARY.iter().chain(further).map(|n| (*n).to_owned()).collect();
    to_csv(&header, rows.iter().map(line))
}

/// Reads `summary.csv` back.
pub(super) fn summary_from_csv(text: &str) -> Result<Vec<SummaryRow>, Fault> {
    let table = Table::parse("summary.csv", text)?;
    let columns = table.columns(&SUMMARY)?;
    let of_chains = match table.header.iter().any(|h| h == CONVERGENCE[0]) {
        true => Some(table.columns(&CONVERGENCE)?),
        false => None,
    };
    let reweighted = match table.header.iter().any(|h| h == REWEIGHTED[0]) {
        true => Some(table.columns(&REWEIGHTED)?),
        false => None,
    };
    let line = |row: usize| {
        let reweighted = match &reweighted {
            Some(columns) => {
                let (mean, sd) = (table.number(row, columns[0])?, table.number(row, columns[1])?);
                (!mean.is_nan()).then_some(Moments { mean, sd })
            }
            None => None,
        };
        let convergence = match &of_chains {
            Some(columns) => Some(Convergence {
                rhat: table.number(row, columns[0])?,
                ess_bulk: table.number(row, columns[1])?,
                ess_tail: table.number(row, columns[2])?,
                mcse: table.number(row, columns[3])?,
            }),
            None => None,
        };
        Ok(SummaryRow {
            convergence,
            reweighted,
            variable: table.rows[row][columns[0]].clone(),
            mean: table.number(row, columns[1])?,
            sd: table.number(row, columns[2])?,
            q05: table.number(row, columns[3])?,
            q50: table.number(row, columns[4])?,
            q95: table.number(row, columns[5])?,
        })
    };
    (0..table.rows.len()).map(line).collect()
}

/// Writes a header and rows as CSV; a field with a comma or a quote is quoted.
pub(super) fn to_csv(header: &[String], rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut out = String::new();
    for row in std::iter::once(header.to_vec()).chain(rows) {
        let fields: Vec<String> = row.iter().map(|f| quoted(f)).collect();
        out.push_str(&fields.join(","));
        out.push('\n');
    }
    out
}

fn quoted(field: &str) -> String {
    if field.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field.into()
    }
}

/// A CSV file of the run folder: every row as long as the header.
pub(super) struct Table {
    file: String,
    pub(super) header: Vec<String>,
    pub(super) rows: Vec<Vec<String>>,
}

impl Table {
    pub(super) fn parse(file: &str, text: &str) -> Result<Table, Fault> {
        let damaged = |e: csv::Error| Fault::damaged(file, e.to_string());
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let header = reader.headers().map_err(damaged)?.iter().map(str::to_owned).collect();
        let fields = |r: csv::Result<csv::StringRecord>| Ok(r?.iter().map(str::to_owned).collect());
        let rows = reader.records().map(fields).collect::<csv::Result<_>>().map_err(damaged)?;
        Ok(Table { file: file.to_owned(), header, rows })
    }

    /// Returns the position of a column, if it is there.
    pub(super) fn find(&self, name: &str) -> Option<usize> {
        self.header.iter().position(|h| h == name)
    }

    /// Returns the position of a column that must be there.
    pub(super) fn column(&self, name: &str) -> Result<usize, Fault> {
        self.find(name).ok_or_else(|| Fault::damaged(&self.file, format!("it has no column `{name}`")))
    }

    fn columns(&self, names: &[&str]) -> Result<Vec<usize>, Fault> {
        names.iter().map(|n| self.column(n)).collect()
    }

    /// Returns a field as a number.
    pub(super) fn number(&self, row: usize, column: usize) -> Result<f64, Fault> {
        self.parse_at(row, column)
    }

    /// Returns a whole column as numbers.
    pub(super) fn numbers(&self, column: usize) -> Result<Vec<f64>, Fault> {
        (0..self.rows.len()).map(|r| self.number(r, column)).collect()
    }

    /// Returns a field as whatever the caller wants.
    pub(super) fn parse_at<T: std::str::FromStr>(&self, row: usize, column: usize) -> Result<T, Fault> {
        let field = &self.rows[row][column];
        let why = || format!("row {} of `{}` is \"{field}\", not a number", row + 1, self.header[column]);
        field.parse().map_err(|_| Fault::damaged(&self.file, why()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_come_back_as_they_were() {
        let trace = vec![TraceRow { step: 7, seconds: 0.25, elbo: -1e-3, start: 2, rate: 0.05, clipped: 3 }];
        assert_eq!(trace_from_csv(&trace_to_csv(&trace)).unwrap(), trace);
        let name = "f.1.w[2,\"a\"]".to_owned();
        let summary = vec![SummaryRow {
            variable: name,
            mean: 0.1,
            sd: 1e-300,
            q05: -3.5,
            q50: 0.0,
            q95: f64::INFINITY,
            convergence: None,
            reweighted: None,
        }];
        assert_eq!(summary_from_csv(&summary_to_csv(&summary)).unwrap(), summary);
        let convergence = Some(Convergence { rhat: 1.002, ess_bulk: 1234.5, ess_tail: 987.6, mcse: 0.01 });
        let of_chains = vec![SummaryRow { convergence, ..summary[0].clone() }];
        assert_eq!(summary_from_csv(&summary_to_csv(&of_chains)).unwrap(), of_chains);
        let reweighted = Some(Moments { mean: 0.25, sd: 2e-300 });
        let of_a_guide = vec![SummaryRow { reweighted, ..summary[0].clone() }, summary[0].clone()];
        assert_eq!(summary_from_csv(&summary_to_csv(&of_a_guide)).unwrap(), of_a_guide);
    }

    #[test]
    fn a_bad_field_is_named_with_its_row_and_column() {
        let fault = summary_from_csv("variable,mean,sd,q05,q50,q95\na,1,2,x,4,5\n").unwrap_err();
        assert!(fault.to_string().contains("row 1 of `q05` is \"x\""), "{fault}");
        let fault = trace_from_csv("step,seconds\n").unwrap_err();
        assert!(fault.to_string().contains("no column `elbo`"), "{fault}");
    }
}
