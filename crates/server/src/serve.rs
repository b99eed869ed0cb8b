//! Running the server: the listener and the work in the background, from start to a clean end.

use std::future::Future;
use std::io;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::{App, agents, http};

/// How long requests that are under way may take to end when the server stops.
const GRACE: Duration = Duration::from_secs(5);

/// Serves until `stop`, then lets the requests under way end, and closes the database.
///
/// # Errors
/// When the listener fails, or the database cannot be closed.
pub async fn serve(
    app: App,
    listener: TcpListener,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let stopping = CancellationToken::new();
    let background = tokio::spawn(agents::liveness::run(app.clone(), stopping.clone()));
    let stopped = {
        let (app, stopping) = (app.clone(), stopping.clone());
        async move {
            stop.await;
            stopping.cancel();
            // Agents that wait for news are answered, so that they do not hold the server up.
            app.stop_watching();
        }
    };
    let router = http::router(app.clone()).into_make_service_with_connect_info::<std::net::SocketAddr>();
    let serving = axum::serve(listener, router).with_graceful_shutdown(stopped).into_future();
    let served = tokio::select! {
        served = serving => served,
        () = async { stopping.cancelled().await; tokio::time::sleep(GRACE).await } => Ok(()),
    };
    stopping.cancel();
    background.await.map_err(io::Error::other)?;
    app.store().clone().close().await.map_err(io::Error::other)?;
    served
}
