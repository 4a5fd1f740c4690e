//! The real executable in a folder of its own, told to end when the test does.

use std::ffi::OsString;
use std::fmt::Display;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;

/// How long anything may take before the test fails.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// The executable: that of these tests, or the one that `FASTGATE_BIN` names, such as a release.
fn executable() -> OsString {
    std::env::var_os("FASTGATE_BIN").unwrap_or_else(|| env!("CARGO_BIN_EXE_fastgate").into())
}

/// A command line of the executable in this folder, with nothing from the test's own environment.
pub fn fastgate(folder: &Path) -> Command {
    let mut command = Command::new(executable());
    command.current_dir(folder).env_clear();
    command
}

/// A running gateway.
pub struct Process {
    child: Child,
    lines: Receiver<String>,
    transcript: Arc<Mutex<String>>,
    /// Its working directory.
    pub folder: TempDir,
    /// What it printed on stderr until it was ready.
    pub greeting: String,
    /// `http://127.0.0.1:…`
    pub url: String,
}

impl Process {
    /// Starts in a fresh folder, on a free port, and waits until it is ready.
    pub fn start(flags: &[&str]) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), flags)
    }

    /// As [`Process::start`], in a folder that holds something already.
    pub fn start_in(folder: TempDir, flags: &[&str]) -> Self {
        let command = fastgate(folder.path());
        Self::start_as(command, folder, flags)
    }

    /// As [`Process::start_in`], with these environment variables.
    pub fn start_with(folder: TempDir, flags: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut command = fastgate(folder.path());
        command.envs(variables.iter().copied());
        Self::start_as(command, folder, flags)
    }

    /// As [`Process::start`], with so many file descriptors at most.
    pub fn start_with_descriptors(count: u32, flags: &[&str]) -> Self {
        Self::start_after(&format!("ulimit -n {count}"), tempfile::tempdir().unwrap(), flags)
    }

    /// As [`Process::start_in`], after this command of a shell.
    pub fn start_after(before: &str, folder: TempDir, flags: &[&str]) -> Self {
        let mut command = Command::new("/bin/sh");
        let script = format!("{before} && exec \"$0\" \"$@\"");
        command
            .current_dir(folder.path())
            .env_clear()
            .args(["-c", &script])
            .arg(executable());
        Self::start_as(command, folder, flags)
    }

    fn start_as(mut command: Command, folder: TempDir, flags: &[&str]) -> Self {
        let mut child = command
            .args(["--port", "0"])
            .args(flags)
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let (sender, lines) = sync_channel(100_000);
        let transcript = Arc::new(Mutex::new(String::new()));
        let written_down = transcript.clone();
        std::thread::spawn(move || {
            stderr.lines().map_while(Result::ok).try_for_each(|line| {
                let mut transcript = written_down.lock().unwrap();
                transcript.push_str(&line);
                transcript.push('\n');
                drop(transcript);
                sender.send(line)
            })
        });
        let mut process = Self {
            child,
            lines,
            transcript,
            folder,
            greeting: String::new(),
            url: String::new(),
        };
        let mut greeting = String::new();
        // A new token is printed before the log says anything.
        let mut ready = false;
        while !ready {
            let line = process.line();
            ready = line.contains(" Ready ");
            if let Some((_, rest)) = line.split_once("Listening address=\"") {
                process.url = format!("http://{}", rest.split('"').next().unwrap());
            }
            greeting.push_str(&line);
            greeting.push('\n');
        }
        process.greeting = greeting;
        process
    }

    /// The next line of stderr.
    pub fn line(&self) -> String {
        self.lines.recv_timeout(PATIENCE).expect("a line on stderr in time")
    }

    /// Reads stderr up to a line that contains the text, and returns that line.
    pub fn line_with(&self, text: &str) -> String {
        loop {
            let line = self.line();
            if line.contains(text) {
                return line;
            }
        }
    }

    /// The bytes that it has in memory.
    pub fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        let kib: u64 = line.trim().trim_end_matches(" kB").parse().unwrap();
        kib * 1024
    }

    /// The value of a figure without labels.
    pub async fn figure(&self, name: &str) -> u64 {
        let (status, text) = self.get("/metrics").await;
        assert_eq!(status, 200);
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        value.expect("a figure").parse::<f64>().unwrap() as u64
    }

    /// The processor time that it has used.
    pub fn processor_time(&self) -> Duration {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        // After the name in brackets: user and system time are the 12th and 13th, in hundredths of a second.
        let fields = stat.rsplit_once(')').unwrap().1.split_whitespace();
        let ticks: u64 = fields.skip(11).take(2).map(|field| field.parse::<u64>().unwrap()).sum();
        Duration::from_millis(ticks * 10)
    }

    /// Its number.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// All that it said on stderr up to now.
    pub fn said(&self) -> String {
        self.transcript.lock().unwrap().clone()
    }

    /// Sends a signal, by its name without `SIG`.
    pub fn signal(&self, name: &str) {
        let status = Command::new("kill")
            .args(["-s", name, &self.child.id().to_string()])
            .status()
            .unwrap();
        assert!(status.success());
    }

    /// Waits for the end, and returns the exit code and what was left on stderr.
    pub fn end(mut self) -> (Option<i32>, String, TempDir) {
        let mut rest = String::new();
        while let Ok(line) = self.lines.recv_timeout(PATIENCE) {
            rest.push_str(&line);
            rest.push('\n');
        }
        let code = self.child.wait().unwrap().code();
        let folder = std::mem::replace(&mut self.folder, tempfile::tempdir().unwrap());
        (code, rest, folder)
    }

    /// The status and text of a call with a bearer token; a null body is none.
    pub async fn call(&self, method: &str, path: impl Display, token: &str, body: &serde_json::Value) -> (u16, String) {
        let client = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().unwrap();
        let method = method.parse().unwrap();
        let mut request = client.request(method, format!("{}{path}", self.url)).bearer_auth(token);
        if !body.is_null() {
            request = request.body(body.to_string());
        }
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }

    /// The status and text of a GET.
    pub async fn get(&self, path: impl Display) -> (u16, String) {
        self.get_as(path, "").await
    }

    /// As [`Process::get`], with a bearer token.
    pub async fn get_as(&self, path: impl Display, token: &str) -> (u16, String) {
        let client = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().unwrap();
        let mut request = client.get(format!("{}{path}", self.url));
        if !token.is_empty() {
            request = request.bearer_auth(token);
        }
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
