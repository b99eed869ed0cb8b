//! What is printed in the end.

use std::io::Write;

use anyhow::{Context, Result};
use comfy_table::presets::ASCII_FULL_CONDENSED;
use comfy_table::{CellAlignment, Table};
use serde_json::json;

use crate::measure::{Cpu, Figures};

/// Everything that was measured.
#[derive(Debug, Default)]
pub(crate) struct Report(Vec<Figures>);

impl Report {
    /// Adds what was measured at one scale.
    pub(crate) fn add(&mut self, figures: Figures) {
        self.0.push(figures);
    }

    /// Prints it on standard output.
    ///
    /// # Errors
    /// When nobody reads.
    pub(crate) fn print(&self, json: bool) -> Result<()> {
        let text = if json {
            serde_json::to_string_pretty(&json!({ "gateway": self.0 })).context("cannot write JSON")?
        } else {
            self.table().to_string()
        };
        writeln!(std::io::stdout(), "{text}").context("cannot print")
    }

    /// A column per scale.
    fn table(&self) -> Table {
        let mut table = Table::new();
        let header = self.0.iter().map(|it| it.scale.to_string());
        table.load_style(ASCII_FULL_CONDENSED).set_header(["what".to_owned()].into_iter().chain(header));
        for (what, show) in ROWS {
            table.add_row([what.to_owned()].into_iter().chain(self.0.iter().map(show)));
        }
        for column in table.column_iter_mut().skip(1) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        table
    }
}

type Row = (&'static str, fn(&Figures) -> String);

const ROWS: [Row; 16] = [
    ("from empty to all ACTIVE", |it| secs(it.all_active)),
    ("  of which requests took", |it| secs(it.requests_answered)),
    ("  CPU time: agent and its programs", |it| secs(it.cpu.agent)),
    ("  CPU time: charons", |it| secs(it.cpu.daemons)),
    ("  CPU time: server", |it| secs(it.cpu.server)),
    ("  CPU time: peer", |it| secs(it.cpu.peer)),
    ("  CPU time: the rest of the machine", |it| secs(it.cpu.others)),
    ("one connection more, median", |it| millis(it.one_more)),
    ("  longest", |it| millis(it.one_more_worst)),
    ("restart of the agent: all adopted", |it| secs(it.adopted)),
    ("CPU at rest: agent and charons", |it| percent(it.at_rest.agent + it.at_rest.daemons)),
    ("  agent, charons", |it| format!("{}, {}", percent(it.at_rest.agent), percent(it.at_rest.daemons))),
    ("  server, peer, rest of the machine", rest_of_rest),
    ("memory (PSS) per router: its charon, its part of the agent", memory_per_router),
    ("  per connection", |it| mib((it.daemons_kib + it.agent_kib) / count(it.scale.all()))),
    ("  agent, server, peer", |it| [it.agent_kib, it.server_kib, it.peer_kib].map(mib).join(", ")),
];

fn rest_of_rest(it: &Figures) -> String {
    let Cpu { server, peer, others, agent: _, daemons: _ } = it.at_rest;
    [server, peer, others].map(percent).join(", ")
}

fn memory_per_router(it: &Figures) -> String {
    let routers = count(it.scale.routers);
    [it.daemons_kib / routers, it.agent_kib / routers].map(mib).join(", ")
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX).max(1)
}

fn secs(seconds: f64) -> String {
    format!("{seconds:.2} s")
}

fn millis(seconds: f64) -> String {
    format!("{:.0} ms", seconds * 1e3)
}

fn percent(processors: f64) -> String {
    format!("{:.2} %", processors * 100.0)
}

fn mib(kib: u64) -> String {
    format!("{}.{} MiB", kib / 1024, kib % 1024 * 10 / 1024)
}
