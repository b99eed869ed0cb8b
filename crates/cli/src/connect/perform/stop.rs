//! Ctrl-C, or a signal to end, while something is being made: the request that is on its way is given its answer, so that
//! it is known what there is to take back.

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::error::{Error, Result};
use crate::say;

/// The wish to end, as often as it was uttered.
pub(super) struct Stop {
    interrupted: Signal,
    ended: Signal,
    wishes: u32,
}

impl Stop {
    /// Listens from here on.
    pub(super) fn listen() -> Result<Self> {
        Ok(Self {
            interrupted: signal(SignalKind::interrupt())?,
            ended: signal(SignalKind::terminate())?,
            wishes: 0,
        })
    }

    /// Whether somebody wants to end.
    pub(super) fn is_wished(&self) -> bool {
        self.wishes > 0
    }

    /// How often somebody said so.
    pub(super) fn wishes(&self) -> u32 {
        self.wishes
    }

    /// What a request comes to. It is given up when somebody has said more often than this that the command should end.
    pub(super) async fn patiently<T>(
        &mut self,
        request: impl Future<Output = Result<T>>,
        patience: u32,
    ) -> Result<T> {
        tokio::pin!(request);
        loop {
            tokio::select! {
                answer = &mut request => return answer,
                _ = self.interrupted.recv() => self.wishes += 1,
                _ = self.ended.recv() => self.wishes += 1,
            }
            if self.wishes > patience {
                return Err(Error::Interrupted("given up before there was an answer".to_owned()));
            }
            say(
                "adit: ending; what was made is taken back when the server has answered (once more to give up)",
            );
        }
    }
}
