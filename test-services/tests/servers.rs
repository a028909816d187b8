//! The servers start, keep what they committed, and end with their owner.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use heymarket_test_services as services;

#[test]
fn each_test_has_a_database_of_its_own() {
    let (Some(one), Some(other)) = (services::postgres(), services::postgres()) else {
        return;
    };
    assert_ne!(one.url(), other.url());
    one.execute("CREATE TABLE mine (id int)").expect("a table");
    assert!(other.execute("SELECT * FROM mine").is_err());
    let url = one.url();
    drop(one);
    let error = other.execute(&format!(
        "DO $$ BEGIN ASSERT NOT EXISTS (SELECT FROM pg_database WHERE datname = '{}'); END $$",
        url.rsplit('/').next().expect("a name")
    ));
    error.expect("a dropped database is gone");
}

#[test]
fn each_test_has_a_prefix_of_its_own() {
    let (Some(one), Some(other)) = (services::redis(), services::redis()) else {
        return;
    };
    assert_ne!(one.prefix(), other.prefix());
    assert_eq!(one.url(), other.url());
}

#[test]
fn a_stopped_postgres_starts_again_on_its_port() {
    let Some(mut server) = services::private_postgres() else {
        return;
    };
    let port = server.port();
    server
        .execute("CREATE TABLE kept (id int)")
        .expect("a table");
    server.stop_immediately();
    assert!(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err());
    server.start_again().expect("it recovers");
    server.execute("SELECT * FROM kept").expect("what it had");
    drop(server);
    assert!(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err());
}

#[test]
fn a_killed_redis_starts_again_on_its_port() {
    let Some(mut server) = services::private_redis() else {
        return;
    };
    let port = server.port();
    server.kill();
    assert!(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err());
    assert!(server.flush().is_err());
    server.start_again().expect("it starts");
    server.flush().expect("it responds");
}

/// Starts a server that sends back what it receives.
fn echo() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let port = listener.local_addr().expect("its address").port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            thread::spawn(move || {
                let mut buffer = [0; 16];
                while let Ok(length @ 1..) = stream.read(&mut buffer) {
                    if stream.write_all(&buffer[..length]).is_err() {
                        break;
                    }
                }
            });
        }
    });
    port
}

fn repeats(stream: &mut TcpStream, wait: Duration) -> bool {
    let mut answer = [0; 2];
    stream.set_read_timeout(Some(wait)).expect("a timeout");
    let sent = stream.write_all(b"hi");
    sent.and_then(|()| stream.read_exact(&mut answer)).is_ok() && &answer == b"hi"
}

#[test]
fn a_proxy_cuts_and_mends_a_network() {
    let (short, long) = (Duration::from_millis(100), Duration::from_secs(10));
    let proxy = services::Proxy::start(echo()).expect("a proxy");
    let connect = || TcpStream::connect((Ipv4Addr::LOCALHOST, proxy.port()));
    let mut stream = connect().expect("a connection");
    assert!(repeats(&mut stream, long));

    proxy.silence();
    assert!(!repeats(&mut stream, short));
    proxy.mend();
    let mut late = [0; 2];
    stream.set_read_timeout(Some(long)).expect("a timeout");
    stream.read_exact(&mut late).expect("what was held back");

    proxy.cut();
    assert!(!repeats(&mut stream, long));
    assert!(!connect().is_ok_and(|mut stream| repeats(&mut stream, long)));
    proxy.mend();
    assert!(repeats(&mut connect().expect("a connection"), long));
}
