//! What the ledger costs in PostgreSQL, by how many recipients it has.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use heymarket_api::Client;
use heymarket_api::types::{InboxId, MemberId};
use heymarket_outbox::{Batch, Event, Outbox, Recipient};
use heymarket_test_services::Postgres;
use tokio::task::{JoinSet, block_in_place};
use tokio_postgres::NoTls;

use crate::Failed;
use crate::cost::{processor_time, sandbox, sends};
use crate::people::phone;

/// The most recipients of one batch: there are not more numbers.
const BATCH: usize = 5_000_000;

/// Linux counts processor time in hundredths of a second.
const TICK: Duration = Duration::from_millis(10);

/// How long a session of PostgreSQL may keep its counts to itself.
const COUNTED: Duration = Duration::from_secs(11);

/// The most pages of a message: an estimate. Another program that sent by the same
/// statements took more than 500 where each read an index of 100,000 recipients.
const PAGES: f64 = 150.0;

/// Plans `rows` recipients, and has `workers` send to `count` of them. Fails if a
/// statement of the sends reads the whole table or a whole index.
pub(crate) async fn run(count: u64, rows: u64, workers: u64) -> Result<bool, Failed> {
    let (count, rows) = (usize::try_from(count)?, usize::try_from(rows)?);
    let postgres = block_in_place(Postgres::start_durable)?;
    let outbox = Outbox::connect(&postgres.url()).await?;
    let server = Server::connect(&postgres.url()).await?;
    let planned = server.measure(async || plan(&outbox, rows).await).await?;
    let mut sent = None;
    if count > 0 {
        let plain = sends(count).await?;
        let (_sandbox, client) = sandbox().await?;
        // Connections that end while they are counted would be missing.
        let mut outboxes = Vec::new();
        for _ in 0..workers {
            outboxes.push(Outbox::connect(&postgres.url()).await?);
        }
        let send = async || send(&outboxes, &client, count).await;
        let mut each = server.measure(send).await?;
        each.client -= plain.as_secs_f64() / count as f64;
        sent = Some(each);
    }
    println!("| PostgreSQL with {rows} recipients | plan | send |\n|---|---:|---:|");
    let row = |name: &str, figure: &dyn Fn(&Each) -> String| {
        let sent = sent.as_ref().map_or_else(String::new, figure);
        println!("| {name} | {} | {sent} |", figure(&planned));
    };
    row("in a second", &|each| format!("{:.0}", 1.0 / each.elapsed));
    let micros = |seconds: f64| format!("{:.0} µs", seconds * 1e6);
    row("processor time of the process", &|each| micros(each.client));
    row("processor time of the server", &|each| micros(each.server));
    row("write-ahead log", &|each| format!("{:.0} bytes", each.log));
    row("pages", &|each| format!("{:.1}", each.pages));
    row("reads of the whole table", &|each| each.scans.to_string());
    let (table, indexes) = server.size().await?;
    for (name, bytes) in [("table", table), ("indexes", indexes)] {
        let each = bytes / rows as f64;
        println!("| {name}, for each recipient | {each:.0} bytes | |");
    }
    Ok(sent.is_none_or(|each| each.scans == 0 && each.pages < PAGES))
}

async fn plan(outbox: &Outbox, rows: usize) -> Result<usize, Failed> {
    for (number, first) in (0..rows).step_by(BATCH).enumerate() {
        let recipients = (0..BATCH.min(rows - first)).map(|index| Recipient::new(phone(index)));
        let batch = Batch::new(format!("cost-{number}"), InboxId(41001), MemberId(50001));
        outbox.plan(&batch.text("Hello"), recipients).await?;
    }
    Ok(rows)
}

/// Sends until `count` messages are accepted, with a worker for each outbox. Returns how
/// many were: those in flight are answered, too.
async fn send(outboxes: &[Outbox], client: &Client, count: usize) -> Result<usize, Failed> {
    let sent = Arc::new(AtomicUsize::new(0));
    let mut tasks = JoinSet::new();
    for outbox in outboxes {
        tasks.spawn(work(
            outbox.clone(),
            client.clone(),
            count,
            Arc::clone(&sent),
        ));
    }
    while let Some(worked) = tasks.join_next().await {
        worked??;
    }
    Ok(sent.load(Ordering::Relaxed))
}

async fn work(
    outbox: Outbox,
    client: Client,
    count: usize,
    sent: Arc<AtomicUsize>,
) -> Result<(), Failed> {
    let mut run = outbox.run(&client);
    while let Some(event) = run.next().await {
        if let Event::Sent(_) = event? {
            sent.fetch_add(1, Ordering::Relaxed);
        }
        if sent.load(Ordering::Relaxed) >= count {
            run.stop();
        }
    }
    Ok(())
}

/// What each of many took.
struct Each {
    elapsed: f64,
    client: f64,
    server: f64,
    /// Bytes of the write-ahead log.
    log: f64,
    /// Pages of the table and its indexes that were looked at.
    pages: f64,
    /// How often the whole table was read, for all of them.
    scans: i64,
}

/// A session that asks the server what it has done.
struct Server {
    session: tokio_postgres::Client,
    /// The process of which all others are children.
    process: u32,
}

impl Server {
    async fn connect(url: &str) -> Result<Self, Failed> {
        let (session, connection) = tokio_postgres::connect(url, NoTls).await?;
        tokio::spawn(connection);
        let row = session.query_one("SELECT pg_backend_pid()", &[]).await?;
        let process: i32 = row.try_get(0)?;
        let status = Status::of(u32::try_from(process)?).ok_or("/proc cannot be read")?;
        Ok(Self {
            session,
            process: status.parent,
        })
    }

    /// Measures work, which returns how many it was done for.
    async fn measure(
        &self,
        work: impl AsyncFnOnce() -> Result<usize, Failed>,
    ) -> Result<Each, Failed> {
        let before = self.counts().await?;
        let start = (Instant::now(), processor_time()?, self.processor_time()?);
        let done = work().await?;
        let each = |total: f64| total / done as f64;
        let elapsed = start.0.elapsed();
        let client = processor_time()?.saturating_sub(start.1);
        let server = self.processor_time()?.saturating_sub(start.2);
        let after = self.counts().await?;
        Ok(Each {
            elapsed: each(elapsed.as_secs_f64()),
            client: each(client.as_secs_f64()),
            server: each(server.as_secs_f64()),
            log: each(after.0 - before.0),
            pages: each(after.1 - before.1),
            scans: after.2 - before.2,
        })
    }

    /// The bytes of the log, the pages and the reads of the whole table so far.
    async fn counts(&self) -> Result<(f64, f64, i64), Failed> {
        tokio::time::sleep(COUNTED).await;
        let sql = "SELECT (pg_current_wal_insert_lsn() - '0/0')::float8,
                (heap_blks_read + heap_blks_hit + idx_blks_read + idx_blks_hit)::float8,
                seq_scan
            FROM pg_stat_user_tables JOIN pg_statio_user_tables USING (relid)
            WHERE relid = 'heymarket_outbox.recipients'::regclass";
        let row = self.session.query_one(sql, &[]).await?;
        Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?))
    }

    /// The bytes of the table of recipients, and of its indexes.
    async fn size(&self) -> Result<(f64, f64), Failed> {
        let sql = "SELECT pg_table_size(oid)::float8, pg_indexes_size(oid)::float8
            FROM pg_class WHERE oid = 'heymarket_outbox.recipients'::regclass";
        let row = self.session.query_one(sql, &[]).await?;
        Ok((row.try_get(0)?, row.try_get(1)?))
    }

    /// The processor time of all processes of the server, those that ended included.
    fn processor_time(&self) -> Result<Duration, Failed> {
        let main = Status::of(self.process).ok_or("the server is gone")?;
        let mut ticks = main.own + main.ended;
        for entry in fs::read_dir("/proc")? {
            let name = entry?.file_name();
            let process = name.to_str().and_then(|name| name.parse().ok());
            if let Some(status) = process.and_then(Status::of)
                && status.parent == self.process
            {
                ticks += status.own;
            }
        }
        Ok(TICK * ticks)
    }
}

/// What `/proc` has of a process.
struct Status {
    parent: u32,
    /// Its processor time in [`TICK`]s, and that of its children that ended.
    own: u32,
    ended: u32,
}

impl Status {
    fn of(process: u32) -> Option<Self> {
        let text = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
        // The name of the process, in parentheses, may hold anything.
        let (_, fields) = text.rsplit_once(')')?;
        let fields: Vec<u32> = fields
            .split_whitespace()
            .map(|field| field.parse().unwrap_or_default())
            .collect();
        let field = |index: usize| fields.get(index).copied();
        Some(Self {
            parent: field(1)?,
            own: field(11)? + field(12)?,
            ended: field(13)? + field(14)?,
        })
    }
}
