//! Connections that stay open and do nothing.

use std::error::Error;

use tokio::io::AsyncReadExt;

use crate::Target;
use crate::client::{Connection, request};

pub async fn run(target: &Target, count: u32) -> Result<(), Box<dyn Error>> {
    let request = request(target);
    let mut open = Vec::new();
    for _ in 0..count {
        let mut connection = Connection::open(&target.address).await?;
        connection.exchange(&request, || ()).await?;
        open.push(connection);
    }
    println!("{{\"connections\":{}}}", open.len());
    // Whoever measures closes the pipe.
    tokio::io::stdin().read_to_end(&mut Vec::new()).await?;
    Ok(())
}
