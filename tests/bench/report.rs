//! What was measured, as Markdown for people and as JSON for machines.

use std::fmt::{self, Display};

use serde_json::{Map, Value, json};

pub(crate) struct Table {
    title: &'static str,
    columns: Vec<&'static str>,
    rows: Vec<Vec<Cell>>,
}

pub(crate) enum Cell {
    Text(String),
    Count(usize),
    Number(f64),
}

impl Table {
    pub(crate) fn new(title: &'static str, columns: &[&'static str]) -> Self {
        let (columns, rows) = (columns.to_vec(), Vec::new());
        Self { title, columns, rows }
    }

    pub(crate) fn title(&self) -> &'static str {
        self.title
    }

    pub(crate) fn columns(&self) -> &[&'static str] {
        &self.columns
    }

    pub(crate) fn rows(&self) -> &[Vec<Cell>] {
        &self.rows
    }

    pub(crate) fn row(&mut self, cells: Vec<Cell>) {
        self.rows.push(cells);
    }

    pub(crate) fn json(&self) -> Value {
        let row = |cells: &Vec<Cell>| -> Map<String, Value> {
            let named = self.columns.iter().zip(cells);
            named.map(|(name, cell)| ((*name).to_owned(), cell.json())).collect()
        };
        let rows: Vec<_> = self.rows.iter().map(row).collect();
        json!({"title": self.title, "rows": rows})
    }
}

impl Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "**{}**\n", self.title)?;
        writeln!(f, "| {} |", self.columns.join(" | "))?;
        let numeric = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells.into_iter().all(|cell| !matches!(cell, Cell::Text(text) if !text.is_empty()))
        };
        for column in 0..self.columns.len() {
            f.write_str(if numeric(column) { "|---:" } else { "|---" })?;
        }
        writeln!(f, "|")?;
        for row in &self.rows {
            let cells: Vec<_> = row.iter().map(Cell::to_string).collect();
            writeln!(f, "| {} |", cells.join(" | "))?;
        }
        Ok(())
    }
}

impl Cell {
    pub(crate) fn count(count: usize) -> Self {
        Self::Count(count)
    }

    fn json(&self) -> Value {
        match self {
            Self::Text(text) => json!(text),
            Self::Count(count) => json!(count),
            Self::Number(number) => json!(number),
        }
    }
}

impl Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Count(count) => f.write_str(&grouped(*count)),
            Self::Number(number) if *number >= 100.0 => f.write_str(&grouped(number.round() as usize)),
            Self::Number(number) if *number >= 10.0 => write!(f, "{number:.1}"),
            Self::Number(number) if *number >= 1.0 => write!(f, "{number:.2}"),
            Self::Number(number) => write!(f, "{number:.3}"),
        }
    }
}

/// 1234567 as 1,234,567.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

impl From<f64> for Cell {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}
