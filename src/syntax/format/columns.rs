//! What stands under each other in lines that follow each other.

use super::{Line, Stop, StopKind};

/// Moves the stops of neighbouring lines into common columns, from left to right.
pub fn align(lines: &mut [Line]) {
    let mut start = 0;
    while start < lines.len() {
        let mut end = start + 1;
        while end < lines.len() && are_one_group(&lines[end - 1], &lines[end]) {
            end += 1;
        }
        move_stop(&mut lines[start..end], 0);
        // Further stops stand under each other as far as neighbours have them.
        let most = lines[start..end].iter().map(|l| l.stops.len()).max().unwrap_or(0);
        for k in 1..most {
            let kind = |line: &Line| line.stops.get(k).map(|s| s.kind);
            let mut run = start;
            for i in start + 1..=end {
                if i == end || kind(&lines[i]) != kind(&lines[run]) {
                    move_stop(&mut lines[run..i], k);
                    run = i;
                }
            }
        }
        start = end;
    }
}

/// Whether the stops of two lines belong together.
fn are_one_group(above: &Line, below: &Line) -> bool {
    let (Some(a), Some(b)) = (above.stops.first(), below.stops.first()) else { return false };
    if a.kind != b.kind || above.indent != below.indent {
        return false;
    }
    match a.kind {
        StopKind::Colon | StopKind::AfterLabel | StopKind::AfterSemicolon => true,
        // Only where the author had put them into one column.
        StopKind::Operator => a.column == b.column,
    }
}

/// A line that is longer than the shortest by more than this stays as it is: nobody looks for the next column so far
/// away.
const FURTHEST: usize = 24;

fn move_stop(lines: &mut [Line], k: usize) {
    let at = |l: &Line| l.stops.get(k).map(|s: &Stop| s.at);
    let Some(least) = lines.iter().filter_map(at).min() else { return };
    let near = |at: &usize| *at <= least + FURTHEST;
    let to = lines.iter().filter_map(at).filter(near).max().unwrap_or(least);
    for line in lines {
        let Some(from) = at(line).filter(near) else { continue };
        let byte = line.text.char_indices().nth(from).map_or(line.text.len(), |(i, _)| i);
        line.text.insert_str(byte, &" ".repeat(to - from));
        line.stops.iter_mut().skip(k).for_each(|s| s.at += to - from);
    }
}
