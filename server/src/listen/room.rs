//! How many connections there may be at once (`server.max_connections`), and how many may wait at the door to be told
//! that there is no room. Those beyond wait in the system's queue. What is said at the door is in `farewell`.

use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Farewells under way at once, of one listener.
const AT_THE_DOOR: usize = 256;

/// The room of one listener.
pub struct Room {
    inside: Arc<Semaphore>,
    at_the_door: Arc<Semaphore>,
}

/// Where a connection may stay, until this is dropped.
#[derive(Debug)]
pub enum Place {
    /// Among those that are served.
    Inside(#[expect(dead_code, reason = "it is held")] OwnedSemaphorePermit),
    /// Where it hears that there is no room.
    AtTheDoor(OwnedSemaphorePermit),
}

impl Room {
    /// For so many connections.
    #[must_use]
    pub fn new(connections: usize) -> Self {
        Self {
            inside: Arc::new(Semaphore::new(connections)),
            at_the_door: Arc::new(Semaphore::new(AT_THE_DOOR)),
        }
    }

    /// A place for the next connection, as soon as there is any.
    pub async fn place(&self) -> Place {
        // Neither is ever closed.
        tokio::select! {
            biased;
            Ok(permit) = self.inside.clone().acquire_owned() => Place::Inside(permit),
            Ok(permit) = self.at_the_door.clone().acquire_owned() => Place::AtTheDoor(permit),
            else => std::future::pending().await,
        }
    }

    /// The same place, or one inside where one became free while the connection was waited for.
    pub fn better(&self, place: Place) -> Place {
        match place {
            Place::AtTheDoor(permit) => match self.inside.clone().try_acquire_owned() {
                Ok(inside) => Place::Inside(inside),
                Err(_) => Place::AtTheDoor(permit),
            },
            inside @ Place::Inside(_) => inside,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{AT_THE_DOOR, Place, Room};
    use futures_util::FutureExt as _;

    #[test]
    fn who_finds_no_room_waits_at_the_door_and_there_as_well_there_is_an_end() {
        let room = Room::new(1);
        let inside = room.place().now_or_never().unwrap();
        assert!(matches!(inside, Place::Inside(_)));
        let mut door: Vec<_> = (0..AT_THE_DOOR).map(|_| room.place().now_or_never().unwrap()).collect();
        assert!(door.iter().all(|place| matches!(place, Place::AtTheDoor(_))));
        assert!(room.place().now_or_never().is_none());
        drop(inside);
        let last = door.pop().unwrap();
        assert!(matches!(room.better(last), Place::Inside(_)));
    }
}
