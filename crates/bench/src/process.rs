//! What processes cost, by the kernel's books.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};

/// The kernel counts in hundredths of a second for programs, whatever it does inside.
const TICK: Duration = Duration::from_millis(10);

/// CPU time that a process has used, and the programs that it ran and that have ended.
pub(crate) fn cpu_time(pid: u32) -> Result<Duration> {
    let stat = format!("/proc/{pid}/stat");
    let text = fs::read_to_string(&stat).with_context(|| format!("cannot read {stat}"))?;
    // The name of the program, in parentheses, may contain anything (proc(5)); utime, stime, cutime and cstime are
    // fields 14 to 17.
    let (_, fields) = text.rsplit_once(')').with_context(|| format!("{stat} is odd"))?;
    let times = fields.split_whitespace().skip(11).take(4).filter_map(|field| field.parse::<u32>().ok());
    Ok(TICK * times.sum::<u32>())
}

/// CPU time of many processes together.
pub(crate) fn cpu_time_of(pids: &[u32]) -> Result<Duration> {
    pids.iter().map(|pid| cpu_time(*pid)).sum()
}

/// CPU time that all processes of the machine together have used, the kernel's own included.
pub(crate) fn cpu_time_of_all() -> Result<Duration> {
    let text = fs::read_to_string("/proc/stat").context("cannot read /proc/stat")?;
    let numbers = text.lines().next().unwrap_or_default().split_whitespace().skip(1);
    // user nice system idle iowait irq softirq steal; the rest is counted in user already (proc(5)).
    let busy = numbers.take(8).enumerate().filter(|(at, _)| !matches!(at, 3 | 4));
    Ok(TICK * busy.filter_map(|(_, number)| number.parse::<u32>().ok()).sum::<u32>())
}

/// A process's proportional share of memory (PSS), in KiB.
pub(crate) fn memory_kib(pid: u32) -> Result<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))
        .with_context(|| format!("cannot read the memory of the process {pid}"))?;
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:"));
    let number = line.and_then(|line| line.trim().strip_suffix("kB"));
    number
        .and_then(|number| number.trim().parse().ok())
        .with_context(|| format!("the memory of {pid} is odd"))
}

/// The numbers of the daemons whose folders are in `routers`.
pub(crate) fn daemons(routers: &Path) -> Result<Vec<u32>> {
    let mut pids = Vec::new();
    for router in crate::footprint::entries(routers)? {
        if let Ok(text) = fs::read_to_string(routers.join(router).join("charon.pid")) {
            pids.push(text.trim().parse().context("a process has an odd number")?);
        }
    }
    Ok(pids)
}
