//! Class by class, and image kinds the model has never seen: tables of how sure it is.

use super::escape;
use crate::report::number::{metric, percent, thousands};
use crate::run_folder::{ClassPredictions, Run, TargetValues, Unlike};

/// More classes than this are left to the tables of the folder.
const MOST: usize = 30;
/// Standard errors of the area beyond which a rise is called one.
const ERRORS: f64 = 3.0;

/// Returns the tables of the last split.
pub(super) fn section(run: &Run) -> String {
    let targets = run.predictions.iter().rev().find(|p| p.split != "missing").map(|p| &p.targets);
    let classes = targets.into_iter().flatten().filter_map(|t| match &t.values {
        TargetValues::Classes(c) if c.levels.len() <= MOST => Some(by_class(&t.name, c)),
        TargetValues::Classes(_) | TargetValues::Reals(_) => None,
    });
    classes.chain(run.pictures.unlike.iter().map(|u| unlike(u))).collect()
}

fn by_class(target: &str, c: &ClassPredictions) -> String {
    let k = c.levels.len();
    let row = |class: usize| {
        let rows: Vec<usize> = (0..c.rows()).filter(|r| c.target[*r] == Some(class)).collect();
        let mean =
            |of: &dyn Fn(usize) -> f64| rows.iter().map(|r| of(*r)).sum::<f64>() / rows.len().max(1) as f64;
        let at = |v: &[f64], i: usize| v.get(i).copied().unwrap_or(f64::NAN);
        let cells = [
            thousands(rows.len()),
            percent(mean(&|r| f64::from(c.is_right(r) == Some(true)))),
            metric(mean(&|r| at(c.of_row(r), class))),
            metric(mean(&|r| at(&c.sd, r * k + class))),
            metric(mean(&|r| at(&c.expected_error, r))),
        ];
        let cells: String = cells.iter().map(|v| format!("<td class=\"number\">{v}</td>")).collect();
        format!("<tr><td>{}</td>{cells}</tr>\n", escape(&c.levels[class]))
    };
    let rows: String = (0..k).map(row).collect();
    format!(
        "<details><summary>Class by class: how right, and how sure</summary>\n<div class=\"wide\"><table>\n<thead><tr>\
         <th>{}</th><th class=\"number\">rows</th><th class=\"number\">right</th><th class=\"number\">probability of it</th>\
         <th class=\"number\">its sd over draws</th><th class=\"number\">expected error</th></tr></thead>\n<tbody>\n{rows}\
         </tbody></table></div></details>\n",
        escape(target)
    )
}

fn unlike(all: &[Unlike]) -> String {
    let Some(own) = all.first() else { return String::new() };
    let row = |u: &Unlike| {
        let name = if u.words.is_empty() { u.name.clone() } else { format!("{}: {}", u.name, u.words) };
        let told = if std::ptr::eq(u, own) { String::new() } else { judged(u).to_owned() };
        let area =
            if std::ptr::eq(u, own) { String::new() } else { format!("{:.3} ± {:.3}", u.auroc, u.auroc_se) };
        let numbers =
            [metric(u.entropy), metric(u.epistemic), metric(u.expected_error), metric(u.confidence), area];
        let cells: String = numbers.iter().map(|v| format!("<td class=\"number\">{v}</td>")).collect();
        format!("<tr><td>{}</td>{cells}<td>{told}</td></tr>\n", escape(&name))
    };
    let rows: String = all.iter().map(row).collect();
    format!(
        "<h3>Images it has never seen the like of</h3>\n<p>{}</p>\n<div class=\"wide\"><table>\n<thead><tr><th>{} images, \
         each</th><th class=\"number\">entropy</th><th class=\"number\">epistemic</th><th class=\"number\">expected error</th>\
         <th class=\"number\">confidence</th><th class=\"number\">area</th><th></th></tr></thead>\n<tbody>\n{rows}</tbody>\
         </table></div>\n<p class=\"quiet\">Area: the chance that such an image has a larger entropy than one as it is; one \
         half is no difference.</p>\n",
        escape(&sentence(all).unwrap_or_default()),
        thousands(own.rows)
    )
}

fn judged(u: &Unlike) -> &'static str {
    match u.auroc - 0.5 {
        gap if gap > ERRORS * u.auroc_se => "less sure",
        gap if gap < -ERRORS * u.auroc_se => "surer than of its own",
        _ => "as sure",
    }
}

/// Whether the uncertainty rises, in words.
pub(in crate::report) fn sentence(all: &[Unlike]) -> Option<String> {
    let (own, others) = all.split_first()?;
    let shown = |u: &Unlike| format!("{} {:.2}", u.name, u.entropy);
    let of =
        |word: &str| others.iter().filter(|u| judged(u) == word).map(shown).collect::<Vec<_>>().join(", ");
    let (rises, not) = (of("less sure"), [of("as sure"), of("surer than of its own")]);
    let not = not.into_iter().filter(|n| !n.is_empty()).collect::<Vec<_>>().join(", ");
    let lead = format!("On held-out images the mean entropy is {:.2} nats", own.entropy);
    Some(match (rises.as_str(), not.as_str()) {
        ("", not) => format!(
            "{lead}; on images unlike them it does not rise ({not}): do not trust its certainty there."
        ),
        (rises, "") => format!("{lead}; on images unlike them it rises, as it should: {rises}."),
        (rises, not) => format!("{lead}; on images unlike them it rises for {rises}, but not for {not}."),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rise_is_told_and_its_absence_too() {
        let of = |name: &str, auroc: f64| Unlike {
            name: name.into(),
            auroc,
            auroc_se: 0.01,
            entropy: 1.0,
            ..Unlike::default()
        };
        let told = |all: &[Unlike]| sentence(all).unwrap();
        assert!(told(&[of("own", 0.5), of("noise", 0.9)]).contains("as it should: noise 1.00"));
        assert!(told(&[of("own", 0.5), of("noise", 0.9), of("turned", 0.51)]).contains("but not for turned"));
        assert!(told(&[of("own", 0.5), of("noise", 0.1)]).contains("does not rise (noise"));
        assert_eq!(sentence(&[]), None);
    }
}
