//! Permissions of an API key: their grammar. Whether a request is allowed is judged by the server.

use crate::route::pattern::{PathPattern, PatternError};
use thiserror::Error;

/// Characters of an entry at most.
pub const MAX_PERMISSION_CHARS: usize = 500;

/// One entry of `permissions` (contract: Permissions).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Permission {
    /// `*`: every request.
    Everything,
    /// An operation, known by the end of the path that the upstream gets.
    Operation(Operation),
    /// `route:<route_id or name>`.
    Route(String),
    /// `path:<pattern>`: the client's path.
    Path(PathPattern),
    /// `model:<glob>`: the body's `model`. Narrows what the others allow.
    Model(ModelGlob),
}

/// What a request asks of an API of OpenAI's or Anthropic's shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// `/chat/completions`.
    Chat,
    /// `/completions`, but not `/chat/completions`.
    Completions,
    /// `/embeddings`.
    Embeddings,
    /// `/models`, `/models/…`.
    Models,
    /// `/responses`, `/responses/…`.
    Responses,
    /// `/messages`, `/messages/…`.
    Messages,
    /// `/images/…`.
    Images,
    /// `/audio/…`.
    Audio,
    /// `/files`, `/files/…`.
    Files,
    /// `/batches`, `/batches/…`.
    Batches,
    /// `/moderations`.
    Moderations,
    /// `/rerank`.
    Rerank,
}

/// A text in which `*` stands for any number of characters and `?` for one. Case matters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelGlob(String);

/// Why a text is no permission.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PermissionError {
    /// None of the known forms.
    #[error("`{0}` is not a permission; {ALLOWED}")]
    Unknown(String),
    /// Nothing after the colon.
    #[error("`{0}` has nothing after the colon; {ALLOWED}")]
    Empty(String),
    /// The pattern of `path:` does not parse.
    #[error("the pattern of `{0}` {1}")]
    Pattern(String, PatternError),
    /// Above [`MAX_PERMISSION_CHARS`], or control characters.
    #[error("an entry has control characters or is longer than {MAX_PERMISSION_CHARS} characters")]
    Text,
}

/// Bytes of a model's name at most; longer ones match no glob.
pub const MAX_MODEL_BYTES: usize = 1024;

/// The forms, for messages.
const ALLOWED: &str = "allowed are chat, chat.completions, completions, embeddings, models, models.list, responses, \
     messages, images, audio, files, batches, moderations, rerank, route:<route_id or name>, model:<glob>, \
     path:<pattern> and *";

/// One entry of `permissions`, for garde.
///
/// # Errors
/// When it is none of the known forms; see [`PermissionError`].
pub fn validate<C>(entry: &str, _: &C) -> garde::Result {
    Permission::parse(entry).map(drop).map_err(garde::Error::new)
}

impl Permission {
    /// Parses one entry.
    ///
    /// # Errors
    /// What is wrong with it and what is allowed.
    pub fn parse(entry: &str) -> Result<Self, PermissionError> {
        if entry.chars().count() > MAX_PERMISSION_CHARS || entry.chars().any(char::is_control) {
            return Err(PermissionError::Text);
        }
        if entry == "*" {
            return Ok(Self::Everything);
        }
        if let Some((kind, value)) = entry.split_once(':') {
            if !matches!(kind, "route" | "model" | "path") {
                return Err(PermissionError::Unknown(entry.to_owned()));
            }
            if value.trim().is_empty() {
                return Err(PermissionError::Empty(entry.to_owned()));
            }
            return match kind {
                "route" => Ok(Self::Route(value.to_owned())),
                "model" => Ok(Self::Model(ModelGlob(value.to_owned()))),
                _ => PathPattern::parse(value)
                    .map(Self::Path)
                    .map_err(|why| PermissionError::Pattern(entry.to_owned(), why)),
            };
        }
        Operation::named(entry)
            .map(Self::Operation)
            .ok_or_else(|| PermissionError::Unknown(entry.to_owned()))
    }
}

impl Operation {
    /// The operation that a permission names.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "chat" | "chat.completions" => Self::Chat,
            "completions" => Self::Completions,
            "embeddings" => Self::Embeddings,
            "models" | "models.list" => Self::Models,
            "responses" => Self::Responses,
            "messages" => Self::Messages,
            "images" => Self::Images,
            "audio" => Self::Audio,
            "files" => Self::Files,
            "batches" => Self::Batches,
            "moderations" => Self::Moderations,
            "rerank" => Self::Rerank,
            _ => return None,
        })
    }

    /// The permission that names it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Completions => "completions",
            Self::Embeddings => "embeddings",
            Self::Models => "models",
            Self::Responses => "responses",
            Self::Messages => "messages",
            Self::Images => "images",
            Self::Audio => "audio",
            Self::Files => "files",
            Self::Batches => "batches",
            Self::Moderations => "moderations",
            Self::Rerank => "rerank",
        }
    }

    /// The operation that a path asks for: the one named nearest to its end. So `/models/x/chat/completions` is
    /// [`Operation::Chat`] and nothing else: a key for `models` must not reach it.
    ///
    /// The path is in canonical spelling, without a query. Empty segments do not count, and letters match in either
    /// case, because upstreams differ in how strictly they read both.
    #[must_use]
    pub fn of_path(path: &str) -> Option<Self> {
        let mut from_end = path.rsplit('/').filter(|segment| !segment.is_empty()).peekable();
        let last = from_end.next()?;
        if last.eq_ignore_ascii_case("completions") {
            let chat = from_end
                .peek()
                .is_some_and(|before| before.eq_ignore_ascii_case("chat"));
            return Some(if chat { Self::Chat } else { Self::Completions });
        }
        for (name, operation) in [
            ("embeddings", Self::Embeddings),
            ("moderations", Self::Moderations),
            ("rerank", Self::Rerank),
        ] {
            if last.eq_ignore_ascii_case(name) {
                return Some(operation);
            }
        }
        std::iter::once(last).chain(from_end).find_map(Self::of_collection)
    }

    /// Operations that go on below their own segment, as in `/files/{id}/content`.
    fn of_collection(segment: &str) -> Option<Self> {
        [
            ("models", Self::Models),
            ("responses", Self::Responses),
            ("messages", Self::Messages),
            ("images", Self::Images),
            ("audio", Self::Audio),
            ("files", Self::Files),
            ("batches", Self::Batches),
        ]
        .into_iter()
        .find_map(|(name, operation)| segment.eq_ignore_ascii_case(name).then_some(operation))
    }
}

impl ModelGlob {
    /// Whether the glob takes all of `model`. Time grows with the product of both lengths at most, and both are bounded.
    #[must_use]
    pub fn matches(&self, model: &str) -> bool {
        if model.len() > MAX_MODEL_BYTES {
            return false;
        }
        let pattern: Vec<char> = self.0.chars().collect();
        let text: Vec<char> = model.chars().collect();
        let (mut at, mut in_text) = (0, 0);
        // Where to go on when a later piece does not fit: after the last `*`, one character further on.
        let mut retry: Option<(usize, usize)> = None;
        while in_text < text.len() {
            match pattern.get(at) {
                Some('*') => {
                    retry = Some((at + 1, in_text));
                    at += 1;
                }
                Some(expected) if *expected == '?' || *expected == text[in_text] => {
                    at += 1;
                    in_text += 1;
                }
                _ => {
                    let Some((after_star, taken)) = retry else { return false };
                    retry = Some((after_star, taken + 1));
                    at = after_star;
                    in_text = taken + 1;
                }
            }
        }
        pattern[at..].iter().all(|left| *left == '*')
    }
}

#[cfg(test)]
mod tests;
