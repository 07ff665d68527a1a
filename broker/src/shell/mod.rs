//! The tokio shell around the core: any `AsyncRead + AsyncWrite`, memory and TCP.
