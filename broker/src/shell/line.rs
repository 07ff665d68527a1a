//! Permitted variations: a slow line between the broker and its clients, or one that sends single bytes. The stream of
//! bytes stays the same.

use std::future::pending;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, copy, split};
use tokio::task::yield_now;
use tokio::time::sleep;

use crate::{Liberties, Liberty};

/// How late a slow broker sends everything.
const LATE_BY: Duration = Duration::from_millis(500);
/// Bytes that are carried at once.
const CHUNK: usize = 64 * 1024;

/// Returns whether the line is unchanged.
pub(super) fn is_plain(liberties: Liberties) -> bool {
    !liberties.has(Liberty::AnswersLate) && !liberties.has(Liberty::AnswersByteByByte)
}

/// Carries bytes between the broker's end of the line and its client until the broker closes.
pub(super) async fn carry<S>(line: DuplexStream, stream: S, liberties: Liberties)
where
    S: AsyncRead + AsyncWrite,
{
    let (mut from_broker, mut to_broker) = split(line);
    let (mut from_client, mut to_client) = split(stream);
    let inward = async {
        let _ = copy(&mut from_client, &mut to_broker).await;
        let _ = to_broker.shutdown().await;
        // Wait for the broker, which may still send.
        pending::<()>().await;
    };
    let outward = async {
        let mut chunk = vec![0; CHUNK];
        while let Ok(count) = from_broker.read(&mut chunk).await {
            if liberties.has(Liberty::AnswersLate) {
                sleep(LATE_BY).await;
            }
            if count == 0
                || send(&mut to_client, &chunk[..count], liberties)
                    .await
                    .is_err()
            {
                break;
            }
        }
        let _ = to_client.shutdown().await;
    };
    tokio::select! {
        biased;
        () = outward => {}
        () = inward => {}
    }
}

async fn send(
    client: &mut (impl AsyncWrite + Unpin),
    bytes: &[u8],
    liberties: Liberties,
) -> std::io::Result<()> {
    if !liberties.has(Liberty::AnswersByteByByte) {
        client.write_all(bytes).await?;
        return client.flush().await;
    }
    for byte in bytes {
        client.write_all(std::slice::from_ref(byte)).await?;
        client.flush().await?;
        // Lets the peer read this byte first.
        yield_now().await;
    }
    Ok(())
}
