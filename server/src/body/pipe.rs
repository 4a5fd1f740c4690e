//! Bytes between two connections, both ways, as they come: with back-pressure, with each side's end passed on by itself,
//! and with a limit on silence. What the bytes mean is nobody's business here.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

/// Bytes that are read at once.
const PIECE: usize = 16 * 1024;

/// How long no byte may flow in either direction.
#[derive(Clone, Copy, Debug)]
pub struct Silence {
    /// While both sides may still send.
    pub open: Duration,
    /// Once one side has ended and only the other may still send.
    pub half_closed: Duration,
}

/// Where bytes flow to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// From the client to the upstream.
    Up,
    /// From the upstream to the client.
    Down,
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PipeEnd {
    /// Both sides have ended, or one did and is gone since.
    Finished,
    /// The client's connection broke.
    ClientFailed,
    /// The upstream's connection broke.
    UpstreamFailed,
    /// No byte flowed for too long.
    Silent,
}

/// Carries bytes until both sides have ended, one breaks, or both are silent for too long. `count` hears of bytes that
/// the other side has taken.
pub async fn pipe<C, U>(client: &mut C, upstream: &mut U, silence: Silence, mut count: impl FnMut(Way, u64)) -> PipeEnd
where
    C: AsyncRead + AsyncWrite + Unpin,
    U: AsyncRead + AsyncWrite + Unpin,
{
    let (mut up, mut down) = (Flow::default(), Flow::default());
    let mut quiet = Quiet {
        since: Instant::now(),
        timer: None,
    };
    poll_fn(|cx| {
        let up_polled = up.poll(cx, client, upstream);
        let down_polled = down.poll(cx, upstream, client);
        for (flow, way) in [(&mut up, Way::Up), (&mut down, Way::Down)] {
            let moved = std::mem::take(&mut flow.moved);
            if moved > 0 || std::mem::take(&mut flow.just_ended) {
                quiet.since = Instant::now();
                count(way, moved);
            }
        }
        let end = match (up_polled, down_polled) {
            (Poll::Ready(Err(fault)), _) => Some(of_fault(
                fault,
                [&up, &down],
                [PipeEnd::ClientFailed, PipeEnd::UpstreamFailed],
            )),
            (_, Poll::Ready(Err(fault))) => Some(of_fault(
                fault,
                [&down, &up],
                [PipeEnd::UpstreamFailed, PipeEnd::ClientFailed],
            )),
            (Poll::Ready(Ok(())), Poll::Ready(Ok(()))) => Some(PipeEnd::Finished),
            _ => None,
        };
        if let Some(end) = end {
            return Poll::Ready(end);
        }
        let limit = if up.has_ended() || down.has_ended() {
            silence.half_closed
        } else {
            silence.open
        };
        quiet.poll(cx, limit).map(|()| PipeEnd::Silent)
    })
    .await
}

/// Whose fault it is; `flows` and `ends` begin with the side that the broken flow reads from. A side that has said that it
/// ended and is gone when the other's last bytes come has done nothing wrong.
fn of_fault(fault: Fault, flows: [&Flow; 2], ends: [PipeEnd; 2]) -> PipeEnd {
    let side = match fault {
        Fault::Read => 0,
        Fault::Write => 1,
    };
    if flows[side].has_ended() {
        PipeEnd::Finished
    } else {
        ends[side]
    }
}

/// One direction.
#[derive(Default)]
struct Flow {
    /// Read, and not yet taken by the other side. Without memory while nothing waits, so that a silent pipe is small.
    kept: Vec<u8>,
    /// How much of it was taken.
    taken: usize,
    state: State,
    unflushed: bool,
    /// Bytes taken since the caller looked.
    moved: u64,
    just_ended: bool,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum State {
    #[default]
    Open,
    /// The source has ended; the other side does not know yet.
    Ended,
    /// The other side knows.
    Closed,
}

enum Fault {
    Read,
    Write,
}

impl Flow {
    fn has_ended(&self) -> bool {
        self.state != State::Open
    }

    /// Ready when the source's end was passed on, or something broke.
    fn poll<R, W>(&mut self, cx: &mut Context<'_>, from: &mut R, to: &mut W) -> Poll<Result<(), Fault>>
    where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
    {
        loop {
            ready!(self.poll_hand_over(cx, to))?;
            match self.state {
                State::Open => {
                    let mut space = [0; PIECE];
                    let mut piece = ReadBuf::new(&mut space);
                    match Pin::new(&mut *from).poll_read(cx, &mut piece) {
                        Poll::Pending => {
                            self.kept = Vec::new();
                            if self.unflushed {
                                ready!(Pin::new(&mut *to).poll_flush(cx)).map_err(|_| Fault::Write)?;
                                self.unflushed = false;
                            }
                            return Poll::Pending;
                        }
                        Poll::Ready(Ok(())) if piece.filled().is_empty() => self.end(),
                        Poll::Ready(Ok(())) => self.kept.extend_from_slice(piece.filled()),
                        // TLS that ends without a goodbye; the protocol inside has its own.
                        Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => self.end(),
                        Poll::Ready(Err(_)) => return Poll::Ready(Err(Fault::Read)),
                    }
                }
                State::Ended => {
                    ready!(Pin::new(&mut *to).poll_shutdown(cx)).map_err(|_| Fault::Write)?;
                    self.state = State::Closed;
                }
                State::Closed => return Poll::Ready(Ok(())),
            }
        }
    }

    fn end(&mut self) {
        self.state = State::Ended;
        self.just_ended = true;
    }

    /// Ready when nothing is kept any more.
    fn poll_hand_over<W: AsyncWrite + Unpin>(&mut self, cx: &mut Context<'_>, to: &mut W) -> Poll<Result<(), Fault>> {
        while self.taken < self.kept.len() {
            let written = ready!(Pin::new(&mut *to).poll_write(cx, &self.kept[self.taken..]));
            match written {
                Ok(bytes) if bytes > 0 => {
                    self.taken += bytes;
                    self.moved += bytes as u64;
                    self.unflushed = true;
                }
                _ => return Poll::Ready(Err(Fault::Write)),
            }
        }
        self.kept.clear();
        self.taken = 0;
        Poll::Ready(Ok(()))
    }
}

/// The time without a byte. The timer is set while nothing flows, and moved only when it fires.
struct Quiet {
    since: Instant,
    timer: Option<(Duration, Pin<Box<Sleep>>)>,
}

impl Quiet {
    fn poll(&mut self, cx: &mut Context<'_>, limit: Duration) -> Poll<()> {
        if self.timer.as_ref().is_none_or(|(set_for, _)| *set_for != limit) {
            self.timer = Some((limit, Box::pin(tokio::time::sleep_until(self.since + limit))));
        }
        let Some((_, timer)) = &mut self.timer else {
            return Poll::Pending;
        };
        while timer.as_mut().poll(cx).is_ready() {
            let deadline = self.since + limit;
            if deadline <= Instant::now() {
                return Poll::Ready(());
            }
            timer.as_mut().reset(deadline);
        }
        Poll::Pending
    }
}

#[cfg(test)]
mod tests;
