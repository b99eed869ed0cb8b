//! Asking the same thing again and again from several connections, each of which waits for its answer.

use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde::Serialize;

use super::connection::Request;
use super::server::{Server, cpu_time_of_all, own_cpu_time};
use super::world::World;

/// Where the load goes, and how long it lasts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Load<'a> {
    pub(super) server: &'a Server,
    pub(super) world: &'a World,
    pub(super) length: Duration,
}

/// What was measured of one operation.
#[derive(Debug, Serialize)]
pub(super) struct Figures {
    pub(super) operation: String,
    pub(super) connections: usize,
    pub(super) requests: usize,
    pub(super) requests_per_second: f64,
    pub(super) p50_ms: f64,
    pub(super) p95_ms: f64,
    pub(super) p99_ms: f64,
    /// CPU time of the server per request.
    pub(super) server_cpu_us: f64,
    /// CPU time of the server, and of processes that have nothing to do with the bench, in parts of all processors.
    pub(super) server_share: f64,
    pub(super) others_share: f64,
}

/// What a run left.
#[derive(Debug)]
struct Run {
    latencies: Vec<Duration>,
    answers: Vec<Vec<u8>>,
    elapsed: Duration,
}

impl Load<'_> {
    /// Measures an operation. `next` makes the `n`th request of a connection, or ends that connection's part. Returns
    /// the answers too, those to the requests of the warm-up included.
    pub(super) fn measure(
        self,
        operation: String,
        connections: usize,
        next: impl Fn(usize, usize) -> Option<Request> + Sync,
    ) -> Result<(Figures, Vec<Vec<u8>>)> {
        let warm_up = self.run(connections, self.length / 10, &next)?;
        let begun = warm_up.latencies.len();
        let cpu = || Ok::<_, anyhow::Error>((self.server.cpu_time()?, own_cpu_time()?, cpu_time_of_all()?));
        let (server, own, (all, processors)) = cpu()?;
        let run = self.run(connections, self.length, |worker, n| next(worker, begun + n))?;
        let (server_after, own_after, (all_after, _)) = cpu()?;
        let (server, own, all) = (server_after - server, own_after - own, all_after - all);
        let Run { mut latencies, answers, elapsed } = run;
        anyhow::ensure!(!latencies.is_empty(), "{operation}: there was nothing to ask for");
        latencies.sort_unstable();
        let requests = latencies.len();
        let percentile = |percent: usize| {
            let at = (requests * percent / 100).min(requests - 1);
            latencies[at].as_secs_f64() * 1e3
        };
        let available = elapsed.as_secs_f64() * count(processors);
        let figures = Figures {
            operation,
            connections,
            requests,
            requests_per_second: count(requests) / elapsed.as_secs_f64(),
            p50_ms: percentile(50),
            p95_ms: percentile(95),
            p99_ms: percentile(99),
            server_cpu_us: server.as_secs_f64() * 1e6 / count(requests),
            server_share: server.as_secs_f64() / available,
            others_share: all.saturating_sub(server + own).as_secs_f64() / available,
        };
        Ok((figures, warm_up.answers.into_iter().chain(answers).collect()))
    }

    fn run(
        self,
        connections: usize,
        length: Duration,
        next: impl Fn(usize, usize) -> Option<Request> + Sync,
    ) -> Result<Run> {
        let (ready, next) = (Barrier::new(connections + 1), &next);
        thread::scope(|scope| {
            let ready = &ready;
            let workers: Vec<_> = (0..connections)
                .map(|worker| {
                    scope.spawn(move || {
                        let connection = self.server.connect(&self.world.credentials);
                        ready.wait();
                        let (mut connection, start) = (connection?, Instant::now());
                        let (mut latencies, mut answers) = (Vec::new(), Vec::new());
                        while start.elapsed() < length {
                            let Some(request) = next(worker, latencies.len()) else { break };
                            let asked = Instant::now();
                            let answer = connection.ask(&request)?;
                            latencies.push(asked.elapsed());
                            // Only what is made is looked at later.
                            if request.method == "POST" {
                                answers.push(answer.body.to_owned());
                            }
                        }
                        Ok((latencies, answers))
                    })
                })
                .collect();
            ready.wait();
            let start = Instant::now();
            let results: Vec<Result<_>> =
                workers.into_iter().map(|worker| worker.join().expect("a worker panicked")).collect();
            let elapsed = start.elapsed();
            let mut run = Run { latencies: Vec::new(), answers: Vec::new(), elapsed };
            for result in results {
                let (latencies, answers) = result.context("under load")?;
                run.latencies.extend(latencies);
                run.answers.extend(answers);
            }
            Ok(run)
        })
    }
}

/// Counts here are far below what a float keeps exactly.
#[expect(clippy::cast_precision_loss, reason = "see above")]
fn count(count: usize) -> f64 {
    count as f64
}
