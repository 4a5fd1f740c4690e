//! Streams side by side. They begin within one second, evenly, so that neither connections nor events come in one heap.

use std::error::Error;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::Target;
use crate::client::{Connection, request};
use crate::figures::Figures;

pub async fn run(target: &Target, count: u32, gap_ms: u64) -> Result<(), Box<dyn Error>> {
    let mut open = Vec::new();
    for _ in 0..count {
        open.push(Connection::open(&target.address).await?);
    }
    let pace = Duration::from_millis(gap_ms);
    let tasks = open.into_iter().zip(0..count).map(|(mut connection, at)| {
        let request = request(target);
        tokio::spawn(async move {
            sleep(Duration::from_secs(1) * at / count).await;
            let (mut first, mut gaps) = (None, Figures::default());
            let begun = Instant::now();
            let mut last = begun;
            let on_piece = || {
                let now = Instant::now();
                match first {
                    None => first = Some(now - begun),
                    Some(_) => gaps.add(micros((now - last).abs_diff(pace))),
                }
                last = now;
            };
            connection.exchange(&request, on_piece).await?;
            Ok::<_, std::io::Error>((first.unwrap_or_default(), gaps))
        })
    });
    let (mut firsts, mut gaps) = (Figures::default(), Figures::default());
    for task in tasks.collect::<Vec<_>>() {
        let (first, of_stream) = task.await??;
        firsts.add(micros(first));
        gaps.join(of_stream);
    }
    println!(
        "{{\"streams\":{count},{},{}}}",
        firsts.json("ttfb_us"),
        gaps.json("jitter_us")
    );
    Ok(())
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
