//! `--versus FILE`: both binaries are measured in turn, and what is printed is how they compare.
//!
//! Rounds alternate which binary comes first. A ratio is taken within a round, so that what slows the machine slows
//! both; the median of the rounds is printed with the smallest and the largest.

use crate::report::{Cell, Table};

/// The tables of one run of one binary.
type Run = Vec<Table>;

/// One table of ratios for each table of measurements. Numbers are compared; texts and counts that are the same in all
/// runs name the row.
pub(crate) fn compare(base: &[Run], new: &[Run]) -> Vec<Table> {
    let Some(first) = base.first() else { return Vec::new() };
    first.iter().filter_map(|table| compare_table(table.title(), base, new)).collect()
}

fn compare_table(title: &'static str, base: &[Run], new: &[Run]) -> Option<Table> {
    let base = of_title(title, base)?;
    let new = of_title(title, new)?;
    let mut compared =
        Table::new(title, &["row", "measured", "before", "after", "after / before", "smallest", "largest"]);
    for (row, cells) in base[0].rows().iter().enumerate() {
        for (column, name) in base[0].columns().iter().enumerate() {
            let (Some(before), Some(after)) = (numbers(&base, row, column), numbers(&new, row, column))
            else {
                continue;
            };
            let ratios = before.iter().zip(&after).map(|(before, after)| after / before);
            let [smallest, middle, largest] = spread(ratios.collect());
            compared.row(vec![
                label(cells, &base, row).into(),
                (*name).into(),
                spread(before)[1].into(),
                spread(after)[1].into(),
                middle.into(),
                smallest.into(),
                largest.into(),
            ]);
        }
    }
    (!compared.rows().is_empty()).then_some(compared)
}

/// The table of this title in every run; `None` if one of them lacks it.
fn of_title<'a>(title: &str, runs: &'a [Run]) -> Option<Vec<&'a Table>> {
    runs.iter().map(|run| run.iter().find(|table| table.title() == title)).collect()
}

/// A measured number in every run.
fn numbers(tables: &[&Table], row: usize, column: usize) -> Option<Vec<f64>> {
    let number = |table: &&Table| match table.rows().get(row)?.get(column)? {
        Cell::Number(number) => Some(*number),
        Cell::Text(_) | Cell::Count(_) => None,
    };
    tables.iter().map(number).collect()
}

/// What a row is about: its texts, and its counts that no run changes.
fn label(cells: &[Cell], tables: &[&Table], row: usize) -> String {
    let is_fixed = |column: usize| {
        let text = cells[column].to_string();
        tables.iter().all(|table| table.rows()[row][column].to_string() == text)
    };
    let named = cells.iter().enumerate().filter(|(column, cell)| match cell {
        Cell::Number(_) => false,
        Cell::Text(_) | Cell::Count(_) => is_fixed(*column),
    });
    named.map(|(_, cell)| cell.to_string()).collect::<Vec<_>>().join(", ")
}

/// The smallest, the median and the largest.
fn spread(mut numbers: Vec<f64>) -> [f64; 3] {
    numbers.sort_unstable_by(f64::total_cmp);
    let at = |at: usize| numbers.get(at).copied().unwrap_or(f64::NAN);
    [at(0), at(numbers.len() / 2), at(numbers.len().saturating_sub(1))]
}
