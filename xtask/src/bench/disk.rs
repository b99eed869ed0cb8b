//! How often the disk can make something durable: no database that commits one change at a time is faster.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

/// What SQLite appends to its log for a small change: a few pages.
const WRITTEN: [u8; 12 << 10] = [b'x'; 12 << 10];

/// Appends and syncs for a while.
pub(super) fn commits_per_second(folder: &Path, length: Duration) -> Result<f64> {
    let path = folder.join("disk");
    let mut file =
        OpenOptions::new().write(true).create_new(true).open(&path).context("cannot make a file")?;
    let start = Instant::now();
    let mut commits = 0_u32;
    while start.elapsed() < length {
        file.write_all(&WRITTEN).and_then(|()| file.sync_data()).context("cannot write a file")?;
        commits += 1;
    }
    let elapsed = start.elapsed();
    std::fs::remove_file(&path).context("cannot remove a file")?;
    Ok(f64::from(commits) / elapsed.as_secs_f64())
}
