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
        if end - start > 1 {
            let stops = lines[start].stops.len();
            for k in 0..stops {
                move_stop(&mut lines[start..end], k);
            }
        }
        start = end;
    }
}

/// Whether the stops of two lines belong together.
fn are_one_group(above: &Line, below: &Line) -> bool {
    let same_kinds = above.stops.iter().map(|s| s.kind).eq(below.stops.iter().map(|s| s.kind));
    let (Some(a), Some(b)) = (above.stops.first(), below.stops.first()) else { return false };
    if !same_kinds || above.indent != below.indent {
        return false;
    }
    match a.kind {
        StopKind::Colon | StopKind::AfterLabel | StopKind::AfterSemicolon => true,
        // Only where the author had put them into one column.
        StopKind::Operator => a.column == b.column,
    }
}

fn move_stop(lines: &mut [Line], k: usize) {
    let at = |l: &Line| l.stops.get(k).map_or(0, |s: &Stop| s.at);
    let to = lines.iter().map(at).max().unwrap_or(0);
    for line in lines {
        let from = at(line);
        let byte = line.text.char_indices().nth(from).map_or(line.text.len(), |(i, _)| i);
        line.text.insert_str(byte, &" ".repeat(to - from));
        line.stops.iter_mut().skip(k).for_each(|s| s.at += to - from);
    }
}
