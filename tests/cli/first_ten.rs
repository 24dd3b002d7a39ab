//! `docs/how-to/first-ten.md`: what a new user types first, and what the program answers.
//!
//! The page is the input: each `$ bnnc …` line of its blocks is run in one folder, and what follows it there is compared,
//! numbers left aside. `BNNC_BLESS=1` writes the page anew.

use super::Place;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/how-to/first-ten.md");

/// What a phase of work says where standard error is no terminal.
const PROGRESS: [&str; 5] = ["fitting", "predicting", "evaluating", "drawing", "rows"];

/// What a command answers: its result, then what it says beside it, without progress.
fn answer(place: &Place, line: &str) -> String {
    let shown = place.run(line);
    let is_progress = |l: &&str| PROGRESS.iter().any(|p| l.split([' ', ':']).next() == Some(p));
    let said = shown.err.lines().filter(|l| !is_progress(l)).map(|l| format!("{l}\n"));
    let all = shown.out + &said.collect::<String>();
    all.lines().map(|l| format!("{}\n", l.trim_end())).collect()
}

/// Numbers are those of one machine and one day: any number of them, with their units, becomes one `#`.
fn without_numbers(text: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let mut words: Vec<&str> = vec![];
        for word in line.split_whitespace() {
            let is_number = word.contains(|c: char| c.is_ascii_digit());
            let is_unit = matches!(word, "s" | "ms" | "min" | "h" | "d") && words.last() == Some(&"#");
            match (is_number, words.last()) {
                _ if is_unit => {}
                (true, Some(&"#")) => {}
                (true, _) => words.push("#"),
                (false, _) => words.push(word),
            }
        }
        out.push_str(&words.join(" "));
        out.push('\n');
    }
    out
}

#[test]
fn the_first_ten_commands_answer_as_the_page_says() {
    let text = std::fs::read_to_string(PAGE).unwrap();
    let place = Place::new();
    let (mut now, mut count) = (String::new(), 0);
    let mut parts = text.split("```");
    while let Some(words) = parts.next() {
        now.push_str(words);
        let Some(block) = parts.next() else { break };
        now.push_str("```");
        let Some(commands) = block.strip_prefix("console\n") else {
            now.push_str(block);
            now.push_str("```");
            continue;
        };
        now.push_str("console\n");
        for line in commands.lines().filter_map(|l| l.strip_prefix("$ bnnc ")) {
            count += 1;
            now.push_str(&format!("$ bnnc {line}\n{}", answer(&place, line)));
        }
        now.push_str("```");
    }
    assert!(count >= 10, "{count} commands");
    if std::env::var_os("BNNC_BLESS").is_some() {
        std::fs::write(PAGE, now).unwrap();
        return;
    }
    let (page, now) = (without_numbers(&text), without_numbers(&now));
    let first = page.lines().zip(now.lines()).find(|(a, b)| a != b);
    assert!(page == now, "docs/how-to/first-ten.md is not current: BNNC_BLESS=1 writes it; first {first:?}");
}
