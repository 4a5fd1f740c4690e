//! Icons, drawn on a 24-unit grid with one stroke width. They decorate: the word beside them carries the meaning.

use leptos::prelude::*;

/// The icons of the dashboard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Glyph {
    Alert,
    Ban,
    Bars,
    Check,
    Clock,
    Copy,
    Cross,
    Columns,
    Down,
    Download,
    Duplicate,
    Edit,
    Filter,
    Gauge,
    Globe,
    History,
    Key,
    Keyboard,
    Monitor,
    Moon,
    Pause,
    Play,
    Plus,
    Pulse,
    Refresh,
    Rotate,
    Route,
    Search,
    Send,
    SignOut,
    Sliders,
    Sun,
    Trash,
    Up,
}

impl Glyph {
    const fn path(self) -> &'static str {
        match self {
            Self::Alert => "M12 4 2.8 19.5h18.4zM12 10v4.2M12 16.9v.1",
            Self::Ban => "M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17zM6 6l12 12",
            Self::Bars => "M4 20h16M7 16.5v-5M12 16.5v-11M17 16.5v-8",
            Self::Check => "m5 12.8 4.6 4.4L19 7.5",
            Self::Clock => "M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17zM12 7.5V12l3 2",
            Self::Copy => "M9.5 9.5h10v10h-10zM6.5 14.5h-2v-10h10v2",
            Self::Cross => "m6.5 6.5 11 11m0-11-11 11",
            Self::Columns => "M4 5h16v14H4zM9.3 5v14M14.7 5v14",
            Self::Down => "M12 5v14M6.5 13.5 12 19l5.5-5.5",
            Self::Download => "M12 4v10.5M7.5 10.5 12 15l4.5-4.5M5 19.5h14",
            Self::Duplicate => "M9.5 9.5h10v10h-10zM6.5 14.5h-2v-10h10v2M14.5 12v5M12 14.5h5",
            Self::Edit => "m4.5 19.5.9-4L16 4.9l3.1 3.1L8.5 18.6zM13.8 7.1l3.1 3.1",
            Self::Filter => "M4 5.5h16l-6.2 7v5.5l-3.6 1.5v-7z",
            Self::Gauge => "M5.2 18.5a9 9 0 1 1 13.6 0M12 14l4-5.5",
            Self::Globe => {
                "M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17zM3.5 12h17M12 3.5c2.3 2.3 3.5 5.2 3.5 8.5s-1.2 6.2-3.5 8.5c-2.3-2.3-3.5-5.2-3.5-8.5s1.2-6.2 3.5-8.5z"
            }
            Self::History => "M4.5 9a8 8 0 1 1-.5 3M4.5 4.5V9H9M12 8v4.3l2.8 1.7",
            Self::Key => "M12.5 15.5a4 4 0 1 1-8 0 4 4 0 0 1 8 0zM11.3 12.7l8.2-8.2M16.3 7.7l3 3M13.6 10.4l1.9 1.9",
            Self::Keyboard => "M3 6.5h18v11H3zM7 10.3v.1M10.3 10.3v.1M13.7 10.3v.1M17 10.3v.1M8 14h8",
            Self::Monitor => "M3.5 5h17v11h-17zM12 16v3.5M8.5 19.5h7",
            Self::Moon => "M19.5 14.3A8 8 0 0 1 9.7 4.5a8 8 0 1 0 9.8 9.8z",
            Self::Pause => "M9 5.5v13M15 5.5v13",
            Self::Play => "M8 5.5 18.5 12 8 18.5z",
            Self::Plus => "M12 5v14M5 12h14",
            Self::Pulse => "M3 12.5h4l2.8 6.5L14 5l2.8 7.5H21",
            Self::Refresh => "M19.5 12a7.5 7.5 0 1 1-2.3-5.4L19.5 9M19.5 4.5V9H15",
            Self::Rotate => {
                "M19.5 10.5a7.7 7.7 0 0 0-14-2.7L4.5 9M4.5 4.5V9H9M4.5 13.5a7.7 7.7 0 0 0 14 2.7l1-1.2M19.5 19.5V15H15"
            }
            Self::Route => {
                "M6 4v10.5M6 14.5a2.7 2.7 0 1 0 0 5.4 2.7 2.7 0 0 0 0-5.4zM18 4.1a2.7 2.7 0 1 0 0 5.4 2.7 2.7 0 0 0 0-5.4zM18 9.5c0 4.5-3.5 7.2-9.3 7.6"
            }
            Self::Search => "M11 4.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zM19.5 19.5l-3.9-3.9",
            Self::Send => "m4 11.5 16-7.5-6.5 16-2.8-6.7zM10.7 13.3 20 4",
            Self::SignOut => "M10 4.5H5v15h5M15 8l4 4-4 4M19 12H10",
            Self::Sliders => {
                "M4 7h8.3M16.7 7H20M4 17h3.3M11.7 17H20M14.5 4.8a2.2 2.2 0 1 0 0 4.4 2.2 2.2 0 0 0 0-4.4zM9.5 14.8a2.2 2.2 0 1 0 0 4.4 2.2 2.2 0 0 0 0-4.4z"
            }
            Self::Sun => {
                "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2.8v1.7M12 19.5v1.7M2.8 12h1.7M19.5 12h1.7M5.5 5.5l1.2 1.2M17.3 17.3l1.2 1.2M5.5 18.5l1.2-1.2M17.3 6.7l1.2-1.2"
            }
            Self::Up => "M12 19V5M6.5 10.5 12 5l5.5 5.5",
            Self::Trash => "M5 7h14M9.5 7V4.5h5V7M7 7l.8 12.5h8.4L17 7M10.3 10.8v5M13.7 10.8v5",
        }
    }
}

/// One icon.
#[component]
pub fn Icon(glyph: Glyph) -> impl IntoView {
    view! {
        <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
            <path d=glyph.path() />
        </svg>
    }
}

/// The mark of M-FastGate: a gate with its threshold, which reads as an M.
#[component]
pub fn Mark() -> impl IntoView {
    view! {
        <svg class="mark" viewBox="0 0 32 32" aria-hidden="true">
            <rect width="32" height="32" rx="8" fill="currentColor" />
            <path
                class="mark-line"
                d="M8.5 23.5v-14l7.5 8 7.5-8v14M13.5 23.5h5"
                fill="none"
                stroke-width="3"
                stroke-linecap="round"
                stroke-linejoin="round"
            />
        </svg>
    }
}
