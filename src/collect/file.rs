//! A file of this machine as an answer: the part behind a byte. Only the configuration names one.

use std::path::Path;

use tokio::io::{AsyncReadExt, AsyncSeekExt};

use super::source::Response;
use crate::model::limits;

/// The next part of a file. One that became shorter is another file and is read from its beginning.
pub(super) async fn read(path: &Path, from: u64) -> std::io::Result<Response> {
    let mut file = tokio::fs::File::open(path).await?;
    let size = file.metadata().await?.len();
    let from = if size < from { 0 } else { from };
    file.seek(std::io::SeekFrom::Start(from)).await?;
    let mut body = Vec::new();
    file.take(u64::try_from(limits::BODY_BYTES).unwrap_or(u64::MAX)).read_to_end(&mut body).await?;
    // As HTTP says it: 206 is a part, 200 is the thing from its beginning.
    let status = if from > 0 { 206 } else { 200 };
    Ok(Response { status, not_modified: body.is_empty() && from > 0, body, ..Response::default() })
}
