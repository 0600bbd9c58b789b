//! Sixteen deployers who push at once, again and again: one wins each round, and the others change
//! nothing.

use std::sync::Arc;
use std::time::Instant;

use assetsync::testing::release::root::{Plain, Root};
use assetsync::testing::{Build, Error, Store};
use futures_util::future::join_all;
use tokio::sync::Barrier;

use super::history::Snapshot;
use super::place::{Kind, Server};
use super::scenarios::{before, with_timeouts};
use crate::support::Site;
use crate::support::library::{Deployer, block_on, built, open_bucket};
use crate::support::s3::Bucket;

const DEPLOYERS: usize = 16;

/// What one of them would publish: a style of their own, and a page.
fn change(site: &Site, round: usize, deployer: usize) -> Build {
    let who = format!("{round}, {deployer}");
    site.write("app.css", format!("p {{ order: \"{who}\" }}"));
    site.write("index.html", format!("<h1>{who}</h1>"));
    built(site)
}

struct Crowd {
    deployers: Vec<Deployer>,
    sites: Vec<Site>,
}

impl Crowd {
    /// Each with connections of their own.
    async fn of(stores: Vec<Arc<dyn Store>>) -> Crowd {
        let deployer = |(n, store)| Deployer::new(&format!("deployer {n}"), store);
        let deployers: Vec<Deployer> = stores.iter().enumerate().map(deployer).collect();
        let start = before();
        deployers[0].push(&built(&start)).await.expect("published");
        Crowd {
            deployers,
            sites: (0..DEPLOYERS).map(|_| before()).collect(),
        }
    }

    async fn root(&self) -> Root {
        self.deployers[0].root().await
    }

    /// All have seen the same root before the first changes anything.
    async fn round(&self, round: usize) {
        let begin = self.root().await;
        let barrier = Barrier::new(DEPLOYERS);
        let builds: Vec<Build> = self
            .sites
            .iter()
            .enumerate()
            .map(|(n, site)| change(site, round, n))
            .collect();
        let pushes = self.deployers.iter().zip(&builds).map(|(deployer, build)| {
            let barrier = &barrier;
            async move {
                let looked = deployer.look().await.expect("looked");
                barrier.wait().await;
                deployer.push_on(build, looked).await
            }
        });
        let outcomes = join_all(pushes).await;
        let won: Vec<usize> = (0..DEPLOYERS).filter(|n| outcomes[*n].is_ok()).collect();
        assert_eq!(won.len(), 1, "round {round}: {won:?}");
        for (n, outcome) in outcomes.iter().enumerate() {
            match outcome {
                Ok(published) => {
                    let release = published.release.as_ref().expect("released");
                    assert_eq!(release.parent.as_ref(), begin.current_id());
                    assert_eq!(release.actor, self.deployers[n].actor);
                    assert!(published.report.is_complete(), "{:?}", published.report);
                }
                Err(error @ Error::LostRace { .. }) => assert_eq!(error.exit_code(), 4),
                Err(error) => panic!("round {round}, deployer {n}: {error}"),
            }
        }
        let end = self.root().await;
        assert_eq!(end.actor, self.deployers[won[0]].actor);
        assert_eq!(
            end.seq,
            begin.seq + 2,
            "one swap for the release, one for its page"
        );
        assert_eq!(end.plain, Plain::Settled);
    }

    async fn rounds(&self, rounds: usize) {
        for round in 0..rounds {
            self.round(round).await;
        }
        let (root, state) = (self.root().await, self.deployers[0].state().await);
        let chain = state.expect("a state").retained(&root).await;
        let chain = chain.expect("readable");
        assert_eq!(chain.len(), rounds + 1, "the first, and one for each round");
        let is_chained = |pair: &[assetsync::testing::release::root::Release]| {
            pair[0].parent.as_ref() == Some(&pair[1].id)
        };
        assert!(chain.windows(2).all(is_chained));
    }
}

fn on_a_strict_server(rounds: usize) {
    let began = Instant::now();
    let server = Server::start(Kind::S3, &Snapshot::new());
    block_on(async {
        let stores = join_all((0..DEPLOYERS).map(|_| server.store(with_timeouts()))).await;
        Crowd::of(stores).await.rounds(rounds).await;
    });
    let history = server.history();
    assert!(history.wrong.is_empty(), "{:#?}", history.wrong);
    println!("{rounds} rounds on a strict S3, {:?}", began.elapsed());
}

fn on_radosgw(rounds: usize) {
    let began = Instant::now();
    let bucket = Bucket::on_rgw();
    block_on(async {
        let place = || Kind::S3.place(&bucket.name);
        let stores =
            (0..DEPLOYERS).map(|_| open_bucket(place(), &bucket.endpoint, with_timeouts()));
        let stores = join_all(stores).await;
        Crowd::of(stores).await.rounds(rounds).await;
    });
    println!("{rounds} rounds on radosgw, {:?}", began.elapsed());
}

/// Of sixteen concurrent pushes, one wins each round.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn one_of_sixteen_pushes_wins() {
    on_a_strict_server(3);
}

/// Of sixteen concurrent pushes to radosgw, one wins each round.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: tests/run")]
fn one_of_sixteen_wins_on_radosgw() {
    on_radosgw(2);
}

/// Of sixteen concurrent pushes, one wins each of a hundred rounds.
#[test]
#[ignore = "minutes"]
fn hundred_rounds_have_one_winner_each() {
    on_a_strict_server(100);
}

/// Of sixteen concurrent pushes to radosgw, one wins each of a hundred rounds.
#[test]
#[ignore = "minutes"]
fn hundred_radosgw_rounds_have_one_winner() {
    on_radosgw(100);
}
