//! The brokers that the benchmarks compare, each in its own process.

use std::fs;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use mqtt_check_codec::{
    Connect, Packet, PacketId, Properties, ProtocolVersion, QoS, Subscribe, Subscription,
    SubscriptionOptions,
};
use tempfile::TempDir;

const VERSION: ProtocolVersion = ProtocolVersion::V3_1_1;

/// A broker in its own process.
pub(crate) struct Broker {
    pub(crate) name: &'static str,
    address: String,
    process: Child,
    /// The broker's settings or store.
    _folder: TempDir,
}

impl Drop for Broker {
    fn drop(&mut self) {
        // The broker may have exited by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Broker {
    pub(crate) fn bundled() -> io::Result<Self> {
        Self::bundled_by(tempfile::tempdir()?, |_, _| {})
    }

    /// Starts a broker that keeps its state in a file.
    pub(crate) fn bundled_with_store() -> io::Result<Self> {
        Self::bundled_by(tempfile::tempdir()?, |command, folder| {
            command.arg("--store").arg(folder.join("store"));
        })
    }

    fn bundled_by(folder: TempDir, options: impl FnOnce(&mut Command, &Path)) -> io::Result<Self> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mqtt-check"));
        command.args(["broker", "--listen", "127.0.0.1:0"]);
        options(&mut command, folder.path());
        let mut process = command.stderr(Stdio::piped()).spawn()?;
        let stderr = process.stderr.take().ok_or(io::ErrorKind::BrokenPipe)?;
        let mut line = String::new();
        BufReader::new(stderr).read_line(&mut line)?;
        let address = line.trim().replace("listening on mqtt://", "");
        Ok(Self {
            name: "bundled",
            address,
            process,
            _folder: folder,
        })
    }

    pub(crate) fn mosquitto() -> io::Result<Self> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("mosquitto.conf");
        let settings = "allow_anonymous true\nmax_inflight_messages 0\nmax_queued_messages 0\n\
                        set_tcp_nodelay true\nlog_type error\n";
        fs::write(&file, format!("listener {port} 127.0.0.1\n{settings}"))?;
        let process = Command::new("mosquitto")
            .arg("-c")
            .arg(&file)
            .stderr(Stdio::null())
            .spawn()?;
        let broker = Self {
            name: "mosquitto",
            address: format!("127.0.0.1:{port}"),
            process,
            _folder: folder,
        };
        for _ in 0..5_000 {
            if TcpStream::connect(&broker.address).is_ok() {
                return Ok(broker);
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        Err(io::ErrorKind::TimedOut.into())
    }

    pub(crate) fn connect(&self, client: usize) -> io::Result<TcpStream> {
        let mut stream = TcpStream::connect(&self.address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        let connect = Connect {
            version: VERSION,
            clean_start: true,
            keep_alive_s: 0,
            properties: Properties::new(),
            client_id: format!("load{client}").into(),
            will: None,
            username: None,
            password: None,
        };
        stream.write_all(&bytes(&Packet::Connect(Box::new(connect))))?;
        skip(&mut stream, 4)?;
        Ok(stream)
    }

    pub(crate) fn subscribe(&self, client: usize, qos: QoS) -> io::Result<TcpStream> {
        let mut stream = self.connect(client)?;
        stream.write_all(&bytes(&Packet::Subscribe(Subscribe {
            packet_id: PacketId::MIN,
            properties: Properties::new(),
            subscriptions: vec![Subscription {
                filter: "load".into(),
                options: SubscriptionOptions::new(qos),
            }],
        })))?;
        skip(&mut stream, 5)?;
        Ok(stream)
    }

    /// The resident memory in kilobytes.
    pub(crate) fn resident_kb(&self) -> io::Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:"));
        let number = line.and_then(|line| line.split_whitespace().nth(1));
        number
            .and_then(|number| number.parse().ok())
            .ok_or(io::ErrorKind::NotFound.into())
    }
}

pub(crate) fn bytes(packet: &Packet) -> Vec<u8> {
    let frame = packet.to_frame(VERSION).expect("it can be written");
    frame.bytes().to_vec()
}

/// Reads bytes and discards them.
pub(crate) fn skip(stream: &mut TcpStream, count: usize) -> io::Result<()> {
    let mut buffer = vec![0; count];
    stream.read_exact(&mut buffer)
}
