//! The proof, once for each seed.

use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use heymarket_outbox::Outbox;
use jiff::SignedDuration;
use tempfile::TempDir;

use crate::judge::{Ended, Findings, findings};
use crate::setup::{Disturbances, Random, Setup};
use crate::table::table;
use crate::{Failed, Options, sender};

/// One kill in five is soon after a start.
const SOON: u64 = 5;

pub(crate) async fn run(options: &Options) -> Result<bool, Failed> {
    let first = options.number("--seed", 1);
    let seeds = options.number("--seeds", 3);
    let mut all = Vec::new();
    for seed in first..first + seeds {
        all.push(prove(options, seed).await?);
    }
    println!("{}", table(&all));
    Ok(all.iter().all(Findings::holds))
}

/// A folder in memory, if the machine has one. A flush to a disk would take as many
/// times as long in the sandbox's time, and what a killed process has written is
/// there either way.
fn folder() -> std::io::Result<TempDir> {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() {
        tempfile::tempdir_in(memory)
    } else {
        tempfile::tempdir()
    }
}

fn path(folder: &Path) -> PathBuf {
    folder.join("outbox.db")
}

async fn prove(options: &Options, seed: u64) -> Result<Findings, Failed> {
    let count = usize::try_from(options.number("--recipients", 100_000))?;
    let scale = u32::try_from(options.number("--scale", 100))?;
    let kills = usize::try_from(options.number("--kills", 100))?;
    let folder = folder()?;
    let path = path(folder.path());
    let setup = Setup::new(Outbox::open(&path)?, count, scale, seed).await?;
    let begun = Instant::now();
    let mut disturbances = Disturbances::default();
    let status = send(&setup, &path, kills, seed, &mut disturbances).await?;
    let ended = Ended {
        seed,
        workers: None,
        exited_well: status.success() && disturbances.kills.len() == kills,
        disturbances: &disturbances,
        outages: &[],
        // The sender is dead at that moment.
        flight: SignedDuration::ZERO,
        seconds: begun.elapsed().as_secs_f64(),
    };
    findings(&setup, ended).await
}

/// Sends the batch with a process that is killed and started again.
///
/// The kills are spread over the requests, and each is at a random moment; one
/// in five is shortly after a start.
async fn send(
    setup: &Setup,
    path: &Path,
    kills: usize,
    seed: u64,
    disturbances: &mut Disturbances,
) -> Result<ExitStatus, Failed> {
    let mut random = Random(seed);
    loop {
        let mut child = sender::start(setup.sandbox.url(), setup.clock, path)?;
        let killed = disturbances.kills.len();
        if killed == kills {
            return Ok(child.wait().await?);
        }
        let is_soon = random.below(SOON) == 0;
        let share = setup.count as u64 / (kills as u64 + 1);
        let target = if is_soon {
            0
        } else {
            killed as u64 * share + share / 2 + random.below(share)
        };
        let patience = Duration::from_micros(random.below(50_000));
        let moment = async {
            while setup.requests() < target {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            tokio::time::sleep(patience).await;
        };
        tokio::select! {
            status = child.wait() => return Ok(status?),
            () = moment => {}
        }
        child.kill().await?;
        disturbances.kills.push(setup.sandbox.now());
        disturbances.opt_out(setup, kills).await?;
    }
}
