//! The proof with many processes, once for each seed.

use std::time::{Duration, Instant};

use heymarket_outbox::State;
use jiff::{SignedDuration, Timestamp};

use crate::cluster::Cluster;
use crate::counts::LIMIT;
use crate::judge::{Ended, Findings, Workers, findings};
use crate::setup::{Disturbances, Random, Setup};
use crate::table::table;
use crate::{Failed, Options};

/// How long a store or a network is away, and how long a network is silent, by the
/// sandbox's clock: longer and shorter than a lease, within which the outbox accepts
/// a late answer of the ledger.
const AWAY: Duration = Duration::from_secs(40);
const SILENT: Duration = Duration::from_secs(20);

/// How long Redis closes the limit when it has lost it, by the sandbox's clock.
const CLOSED: SignedDuration = SignedDuration::from_secs(115);

/// How long a request may be under way that began before its recipient opted out:
/// longer than a silence, by the sandbox's clock.
const FLIGHT: Duration = Duration::from_secs(30);

/// One kill in five is soon after a start.
const SOON: u64 = 5;

/// How often the ledger is asked whether the batch is done.
const CHECK: Duration = Duration::from_secs(1);

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

/// What is done to the workers and the stores.
#[derive(Clone, Copy, Debug)]
enum Disturbance {
    Kill { is_soon: bool },
    RestartPostgres,
    FlushRedis,
    RestartRedis,
    Cut { is_ledger: bool },
    Silence { is_ledger: bool },
}

/// Returns what is done, and after how many requests.
fn script(count: u64, kills: u64, has_redis: bool, random: &mut Random) -> Vec<(u64, Disturbance)> {
    let share = count / (kills + 1);
    let mut script: Vec<_> = (0..kills)
        .map(|kill| {
            let is_soon = kill > 0 && random.below(SOON) == 0;
            let at = kill * share + share / 2 + random.below(share);
            (at, Disturbance::Kill { is_soon })
        })
        .collect();
    let mut at = |eighths: u64, disturbance| {
        script.push((count * eighths / 8 + random.below(share), disturbance));
    };
    at(1, Disturbance::Cut { is_ledger: true });
    at(2, Disturbance::Silence { is_ledger: false });
    at(4, Disturbance::RestartPostgres);
    at(5, Disturbance::Silence { is_ledger: true });
    at(6, Disturbance::Cut { is_ledger: false });
    if has_redis {
        at(3, Disturbance::FlushRedis);
        at(6, Disturbance::RestartRedis);
    }
    script.sort_by_key(|(at, _)| *at);
    script
}

struct Proof<'a> {
    setup: &'a Setup,
    cluster: Cluster,
    random: Random,
    kills: usize,
    disturbances: Disturbances,
    /// From when until when a store was away, or closed the limit.
    outages: Vec<(Timestamp, Timestamp)>,
    deadline: Instant,
    counted: Workers,
}

async fn prove(options: &Options, seed: u64) -> Result<Findings, Failed> {
    let count = usize::try_from(options.number("--recipients", 30_000))?;
    let scale = u32::try_from(options.number("--scale", 25))?.max(1);
    let kills = usize::try_from(options.number("--kills", 40))?;
    let workers = usize::try_from(options.number("--workers", 8))?.max(1);
    let has_redis = seed.is_multiple_of(2);
    let cluster = Cluster::start(has_redis)?;
    let setup = Setup::new(cluster.outbox().await?, count, scale, seed).await?;
    let begun = Instant::now();
    let at_best = Duration::from_secs(60) * u32::try_from(count as u64 / LIMIT)? / scale;
    let mut proof = Proof {
        setup: &setup,
        cluster,
        random: Random(seed),
        kills,
        disturbances: Disturbances::default(),
        outages: Vec::new(),
        deadline: begun + at_best * 4 + Duration::from_secs(120),
        counted: Workers {
            count: workers,
            limit: if has_redis { "Redis" } else { "PostgreSQL" },
            restarts: 0,
            flushes: 0,
            cuts: 0,
        },
    };
    let exited_well = proof.send(workers, has_redis).await?;
    let ended = Ended {
        seed,
        workers: Some(proof.counted),
        exited_well,
        disturbances: &proof.disturbances,
        outages: &proof.outages,
        flight: SignedDuration::try_from(FLIGHT)?,
        seconds: begun.elapsed().as_secs_f64(),
    };
    findings(&setup, ended).await
}

impl Proof<'_> {
    /// Sends the batch while workers and stores are disturbed. Returns whether all of
    /// it happened, and each worker ended in order.
    async fn send(&mut self, workers: usize, has_redis: bool) -> Result<bool, Failed> {
        let (api, clock) = (self.setup.sandbox.url(), self.setup.clock);
        self.cluster.work(api, clock, workers).await?;
        let (count, kills) = (self.setup.count as u64, self.kills as u64);
        let mut is_whole = true;
        let mut last_killed = 0;
        for (at, disturbance) in script(count, kills, has_redis, &mut self.random) {
            is_whole &= self.reach(at).await?;
            let victim = match disturbance {
                Disturbance::Kill { is_soon: true } => last_killed,
                _ => usize::try_from(self.random.below(workers as u64))?,
            };
            self.disturb(disturbance, victim).await?;
            if let Disturbance::Kill { .. } = disturbance {
                last_killed = victim;
            }
        }
        while !self.is_done().await? && Instant::now() < self.deadline {
            tokio::time::sleep(CHECK).await;
        }
        is_whole &= self.cluster.is_whole()?;
        Ok(self.cluster.stop().await? && is_whole)
    }

    /// Waits until that many requests arrived. Returns whether they did, and all
    /// workers run.
    async fn reach(&mut self, requests: u64) -> Result<bool, Failed> {
        while self.setup.requests() < requests {
            if Instant::now() > self.deadline {
                return Ok(false);
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        self.cluster.is_whole()
    }

    async fn is_done(&self) -> Result<bool, Failed> {
        let counts = self.setup.outbox.status("proof").await?.counts;
        let open = [State::Planned, State::Attempting, State::Unknown];
        Ok(open.into_iter().all(|state| counts.of(state) == 0))
    }

    async fn disturb(&mut self, disturbance: Disturbance, victim: usize) -> Result<(), Failed> {
        let (api, clock) = (self.setup.sandbox.url(), self.setup.clock);
        let scale = clock.scale;
        let begun = self.setup.sandbox.now();
        match disturbance {
            Disturbance::Kill { .. } => {
                let patience = Duration::from_micros(self.random.below(50_000));
                tokio::time::sleep(patience).await;
                self.disturbances.kills.push(self.setup.sandbox.now());
                self.cluster.replace(api, clock, victim).await?;
                self.disturbances.opt_out(self.setup, self.kills).await?;
            }
            Disturbance::RestartPostgres => {
                self.counted.restarts += 1;
                self.cluster.restart_postgres(AWAY / scale)?;
                self.outages.push((begun, self.setup.sandbox.now()));
            }
            Disturbance::FlushRedis => {
                self.counted.flushes += 1;
                self.cluster.flush_redis()?;
                self.outages
                    .push((begun, self.setup.sandbox.now() + CLOSED));
            }
            Disturbance::RestartRedis => {
                self.counted.restarts += 1;
                self.cluster.restart_redis(AWAY / scale)?;
                self.outages
                    .push((begun, self.setup.sandbox.now() + CLOSED));
            }
            Disturbance::Cut { is_ledger } => {
                self.counted.cuts += 1;
                self.cluster.cut(victim, is_ledger, AWAY / scale);
            }
            Disturbance::Silence { is_ledger } => {
                self.counted.cuts += 1;
                self.cluster.silence(victim, is_ledger, SILENT / scale);
            }
        }
        Ok(())
    }
}
