//! The public surface of the library, listed: what changes it shows in a snapshot.

use std::fs;
use std::path::Path;

/// The public items of a file: one line each, bodies left out.
fn items(text: &str) -> Vec<String> {
    let code = text.split("#[cfg(test)]").next().unwrap();
    let mut found: Vec<String> = vec![];
    let mut open: Option<String> = None;
    for line in code.lines() {
        let start = line.trim_start();
        if open.is_none() && start.starts_with("impl ") {
            found.push(start.trim_end_matches('{').trim_end().to_owned());
        }
        if open.is_none() && start.starts_with("pub ") && !start.starts_with("pub use") {
            open = Some(String::new());
        }
        if let Some(item) = &mut open {
            item.push_str(start);
            let is_field = !start.contains('(') && start.ends_with(',') && item.len() == start.len();
            if start.ends_with('{') || start.ends_with(';') || is_field || start.ends_with("}") {
                let item = item.trim_end_matches(['{', ',']).trim_end();
                found.push(format!("    {}", item.replace(",)", ")")));
                open = None;
            } else {
                item.push(' ');
            }
        }
    }
    // Blocks without a public item say nothing.
    let is_block = |line: &String| line.starts_with("impl ") && !line.contains(" for ");
    let kept = (0..found.len())
        .filter(|i| !is_block(&found[*i]) || found.get(i + 1).is_some_and(|l| l.starts_with("    ")));
    kept.map(|i| found[i].clone()).collect()
}

#[test]
fn the_surface_of_the_library() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/library");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    files.sort();
    let mut listed = String::new();
    for file in files.iter().filter(|f| !f.ends_with("mod.rs")) {
        let items = items(&fs::read_to_string(file).unwrap());
        listed.push_str(&format!(
            "{}\n{}\n\n",
            file.file_stem().unwrap().to_string_lossy(),
            items.join("\n")
        ));
    }
    insta::with_settings!({ snapshot_path => "snapshots/library", prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("surface", listed);
    });
}
