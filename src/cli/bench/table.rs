use std::time::Duration;
use std::time::Instant;

use serde::Serialize;

/// One line of the table.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Row {
    /// What was measured.
    pub(super) what: String,
    /// The figure, with its unit.
    pub(super) figure: String,
    /// The control, with its unit; empty where there is none.
    pub(super) control: String,
    /// The figure as a multiple of the control, or what else the two come to.
    pub(super) ratio: String,
}

impl Row {
    pub(super) fn new(what: impl Into<String>, figure: String, control: String, ratio: String) -> Self {
        Self {
            what: what.into(),
            figure,
            control,
            ratio,
        }
    }
}

/// The table as text, columns aligned.
pub(super) fn render(rows: &[Row]) -> String {
    let header = Row::new(
        "what",
        "figure".to_owned(),
        "control".to_owned(),
        "ratio".to_owned(),
    );
    let all: Vec<&Row> = std::iter::once(&header).chain(rows).collect();
    let width = |cell: fn(&Row) -> &str| all.iter().map(|row| cell(row).chars().count()).max().unwrap_or(0);
    let widths = (
        width(|row| &row.what),
        width(|row| &row.figure),
        width(|row| &row.control),
    );
    let lines = all.iter().map(|row| {
        let line = format!(
            "{:what$}  {:>figure$}  {:>control$}  {}",
            row.what,
            row.figure,
            row.control,
            row.ratio,
            what = widths.0,
            figure = widths.1,
            control = widths.2,
        );
        line.trim_end().to_owned()
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// How often `work` runs in a second: it is repeated for about `time`.
pub(super) fn rate(time: Duration, mut work: impl FnMut()) -> f64 {
    work();
    let start = Instant::now();
    let mut count = 0_u32;
    while start.elapsed() < time {
        for _ in 0..16 {
            work();
        }
        count += 16;
    }
    f64::from(count) / start.elapsed().as_secs_f64()
}

/// The middle one of several measurements of the same thing.
pub(super) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

pub(super) fn per_second(rate: f64) -> String {
    format!("{rate:.0}/s")
}

pub(super) fn micros(rate: f64) -> String {
    format!("{:.1} us", 1e6 / rate)
}

pub(super) fn millis(time: f64) -> String {
    format!("{:.2} ms", time * 1e3)
}

pub(super) fn times(ratio: f64) -> String {
    format!("{ratio:.2}x")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned() {
        let rows = [
            Row::new("a", "1/s".to_owned(), "22/s".to_owned(), times(0.05)),
            Row::new("longer", "100/s".to_owned(), String::new(), String::new()),
        ];
        let text = render(&rows);
        assert_eq!(
            text,
            "what    figure  control  ratio\n\
             a          1/s     22/s  0.05x\n\
             longer   100/s"
        );
    }

    #[test]
    fn the_median_is_the_middle() {
        assert!((median(vec![3.0, 1.0, 2.0]) - 2.0).abs() < f64::EPSILON);
        assert!(median(Vec::new()).is_nan());
    }
}
