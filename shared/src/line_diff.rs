//! Two texts line by line beside each other: what both have, and what only one has. For the dashboard, which shows the two
//! answers of a request that was sent again; here, so that it is tested like other rules.

/// One line of the picture: left, right, or both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// Both have it.
    Same(String),
    /// The two lines stand in each other's place; `None` where only the other side has one.
    Differs(Option<String>, Option<String>),
    /// So many lines that both have are left out.
    LeftOut(usize),
}

/// Equal lines that are shown before and after a difference.
const CONTEXT: usize = 3;
/// Above this many comparisons everything between the first and the last difference counts as different.
const MAX_WORK: usize = 1 << 20;

/// Compares two texts. Linear for texts that differ in one place; never more than about a million comparisons.
#[must_use]
pub fn compare(left: &str, right: &str) -> Vec<Line> {
    let (left, right): (Vec<&str>, Vec<&str>) = (left.lines().collect(), right.lines().collect());
    let before = left.iter().zip(&right).take_while(|(one, other)| one == other).count();
    let (left_rest, right_rest) = (&left[before..], &right[before..]);
    let after = left_rest.iter().rev().zip(right_rest.iter().rev());
    let after = after.take_while(|(one, other)| one == other).count();
    let mut lines: Vec<Line> = left[..before]
        .iter()
        .map(|line| Line::Same((*line).to_owned()))
        .collect();
    middle(
        &left_rest[..left_rest.len() - after],
        &right_rest[..right_rest.len() - after],
        &mut lines,
    );
    lines.extend(
        left[left.len() - after..]
            .iter()
            .map(|line| Line::Same((*line).to_owned())),
    );
    leave_out(lines)
}

/// What lies between the first and the last difference, by the longest common subsequence.
fn middle(left: &[&str], right: &[&str], lines: &mut Vec<Line>) {
    let (mut removed, mut added) = (Vec::new(), Vec::new());
    if left.len().saturating_mul(right.len()) > MAX_WORK {
        return put(&mut left.to_vec(), &mut right.to_vec(), lines);
    }
    // common[i][j]: length of what left from i on and right from j on have in common.
    let width = right.len() + 1;
    let mut common = vec![0_u32; (left.len() + 1) * width];
    for i in (0..left.len()).rev() {
        for j in (0..right.len()).rev() {
            common[i * width + j] = if left[i] == right[j] {
                common[(i + 1) * width + j + 1] + 1
            } else {
                common[(i + 1) * width + j].max(common[i * width + j + 1])
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    while i < left.len() && j < right.len() {
        if left[i] == right[j] {
            put(&mut removed, &mut added, lines);
            lines.push(Line::Same(left[i].to_owned()));
            (i, j) = (i + 1, j + 1);
        } else if common[(i + 1) * width + j] >= common[i * width + j + 1] {
            removed.push(left[i]);
            i += 1;
        } else {
            added.push(right[j]);
            j += 1;
        }
    }
    removed.extend(&left[i..]);
    added.extend(&right[j..]);
    put(&mut removed, &mut added, lines);
}

/// Puts lines that differ beside each other.
fn put(removed: &mut Vec<&str>, added: &mut Vec<&str>, lines: &mut Vec<Line>) {
    let text = |line: Option<&&str>| line.map(|line| (*line).to_owned());
    for at in 0..removed.len().max(added.len()) {
        lines.push(Line::Differs(text(removed.get(at)), text(added.get(at))));
    }
    removed.clear();
    added.clear();
}

/// Long runs of lines that both have become one line.
fn leave_out(lines: Vec<Line>) -> Vec<Line> {
    let is_near = |at: usize| {
        let near = at.saturating_sub(CONTEXT)..lines.len().min(at + CONTEXT + 1);
        lines[near].iter().any(|line| matches!(line, Line::Differs(..)))
    };
    let shown: Vec<bool> = (0..lines.len()).map(is_near).collect();
    let mut short: Vec<Line> = Vec::new();
    for (line, shown) in lines.into_iter().zip(shown) {
        match (shown, short.last_mut()) {
            (true, _) => short.push(line),
            (false, Some(Line::LeftOut(count))) => *count += 1,
            (false, _) => short.push(Line::LeftOut(1)),
        }
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(left: &str, right: &str) -> Vec<String> {
        let show = |line: Line| match line {
            Line::Same(text) => format!("={text}"),
            Line::Differs(left, right) => format!("-{} +{}", left.unwrap_or_default(), right.unwrap_or_default()),
            Line::LeftOut(count) => format!("…{count}"),
        };
        compare(left, right).into_iter().map(show).collect()
    }

    #[test]
    fn what_differs_stands_beside_each_other_within_what_is_the_same() {
        assert_eq!(picture("a\nb\nc", "a\nx\nc"), ["=a", "-b +x", "=c"]);
        assert_eq!(picture("a\nb\nc\nd", "a\nc\ny\nd"), ["=a", "-b +", "=c", "- +y", "=d"]);
        assert_eq!(picture("", "new"), ["- +new"]);
        assert_eq!(picture("gone", ""), ["-gone +"]);
    }

    #[test]
    fn long_runs_that_are_the_same_are_left_out() {
        let left: String = (0..20).map(|n| format!("{n}\n")).collect();
        let right = left.replace("10\n", "ten\n");
        assert_eq!(
            picture(&left, &right),
            ["…7", "=7", "=8", "=9", "-10 +ten", "=11", "=12", "=13", "…6"]
        );
        assert_eq!(picture(&left, &left), ["…20"]);
        assert!(picture("", "").is_empty());
    }

    #[test]
    fn texts_that_are_too_long_to_compare_are_shown_as_different() {
        let text = |word: &str| (0..2_000).map(|n| format!("{word}{n}\n")).collect::<String>();
        assert_eq!(compare(&text("a"), &text("b")).len(), 2_000);
    }
}
