//! Open loop: a request is sent when it is due, and its latency counts from then, also when all connections were busy. What
//! a slow answer holds up is thereby seen (Tene, "How not to measure latency").

use std::error::Error;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::Target;
use crate::client::{Connection, request};
use crate::figures::Figures;

pub async fn run(target: &Target, rate: u32, seconds: u32, connections: u32) -> Result<(), Box<dyn Error>> {
    let gap = Duration::from_secs(1) / rate;
    let begun = Instant::now() + Duration::from_millis(50);
    let all = rate * seconds;
    let mut tasks = Vec::new();
    for first in 0..connections {
        let (request, address) = (request(target), target.address.clone());
        tasks.push(tokio::spawn(async move {
            let mut connection = Connection::open(&address).await?;
            let mut figures = Figures::default();
            // Each connection has every n-th request.
            for at in (first..all).step_by(connections as usize) {
                let due = begun + gap * at;
                sleep_until(due).await;
                connection.exchange(&request, || ()).await?;
                figures.add(micros(due.elapsed()));
            }
            Ok::<_, std::io::Error>(figures)
        }));
    }
    let mut figures = Figures::default();
    for task in tasks {
        figures.join(task.await??);
    }
    println!("{{\"requests\":{all},{}}}", figures.json("us"));
    Ok(())
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
