//! What is printed in the end.

use std::io::Write;
use std::time::Duration;

use anyhow::{Context, Result};
use comfy_table::presets::ASCII_FULL_CONDENSED;
use comfy_table::{CellAlignment, Table};
use serde_json::json;

use super::load::Figures;

/// Everything that was measured.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) figures: Vec<Figures>,
    pub(super) memory: Memory,
    /// How many site connections there were in the end.
    pub(super) rows: usize,
    /// Until the server answered: with an empty state directory, and with all rows.
    pub(super) first_start: Duration,
    pub(super) next_start: Duration,
    /// Of the disk.
    pub(super) commits_per_second: f64,
}

/// Memory of the server (PSS), in KiB.
#[derive(Debug)]
pub(super) struct Memory {
    /// After its first start.
    pub(super) idle_kib: u64,
    /// After a start with all rows.
    pub(super) full_kib: u64,
    /// After all the load, many whole lists at the same time included.
    pub(super) listed_kib: u64,
}

impl Report {
    /// Prints it on standard output.
    pub(super) fn print(&self, json: bool) -> Result<()> {
        let text = if json { self.json()? } else { self.tables() };
        writeln!(std::io::stdout(), "{text}").context("cannot print")
    }

    fn json(&self) -> Result<String> {
        let Self { figures, memory, rows, first_start, next_start, commits_per_second } = self;
        let report = json!({
            "operations": figures,
            "memory_kib": {
                "idle": memory.idle_kib, "full": memory.full_kib, "after_load": memory.listed_kib,
            },
            "site_connections": rows,
            "start_ms": {"first": millis(*first_start), "full": millis(*next_start)},
            "disk_commits_per_second": commits_per_second,
        });
        serde_json::to_string_pretty(&report).context("cannot write JSON")
    }

    fn tables(&self) -> String {
        let mut operations = table(&[
            "operation",
            "connections",
            "requests/s",
            "p50 ms",
            "p95 ms",
            "p99 ms",
            "CPU us/request",
            "CPU %",
            "others' CPU %",
        ]);
        for one in &self.figures {
            operations.add_row([
                one.operation.clone(),
                one.connections.to_string(),
                format!("{:.0}", one.requests_per_second),
                format!("{:.2}", one.p50_ms),
                format!("{:.2}", one.p95_ms),
                format!("{:.2}", one.p99_ms),
                format!("{:.0}", one.server_cpu_us),
                format!("{:.0}", one.server_share * 100.0),
                format!("{:.0}", one.others_share * 100.0),
            ]);
        }
        let mut others = table(&["what", "how much"]);
        let mib = |kib: u64| format!("{}.{} MiB", kib / 1024, kib % 1024 * 10 / 1024);
        others.add_row(["memory (PSS), idle".to_owned(), mib(self.memory.idle_kib)]);
        others.add_row([format!("memory, {} site connections", self.rows), mib(self.memory.full_kib)]);
        others.add_row(["memory, after all the load".to_owned(), mib(self.memory.listed_kib)]);
        others.add_row(["first start".to_owned(), format!("{:.0} ms", millis(self.first_start))]);
        let start = format!("start with {} site connections", self.rows);
        others.add_row([start, format!("{:.0} ms", millis(self.next_start))]);
        let commits = format!("{:.0} /s", self.commits_per_second);
        others.add_row(["durable commits that the disk allows".to_owned(), commits]);
        format!("{operations}\n{others}")
    }
}

fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(ASCII_FULL_CONDENSED).set_header(header.iter().copied());
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}
