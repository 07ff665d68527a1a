//! The bundled broker over TCP, for the tests that need one on the network.

use std::net::SocketAddr;
use std::thread;

use mqtt_check_broker::shell::{Randomness, Server};
use mqtt_check_broker::{Config, Faults};

/// Serves the broker in its own thread until the tests end. Returns its address.
pub(crate) fn serve(faults: Faults) -> SocketAddr {
    serve_with(Config::default(), faults)
}

/// Like [`serve`], with these settings.
pub(crate) fn serve_with(config: Config, faults: Faults) -> SocketAddr {
    let (tell, told) = std::sync::mpsc::channel();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        runtime.block_on(async {
            let server = Server::new(config, faults, Randomness::Seed(1));
            let listener = server.listen("127.0.0.1:0").await.expect("a port");
            tell.send(listener.local_address()).expect("telling");
            std::future::pending::<()>().await;
        });
    });
    told.recv().expect("an address")
}
