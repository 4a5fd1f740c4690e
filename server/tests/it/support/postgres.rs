//! A private PostgreSQL for one run of the tests: started by the first test that needs it, reached by a socket in a
//! folder of its own, gone with the test process however that ends.

use std::fs;
use std::io::{Read, Write as _};
use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// Starts the server when the first line comes, and ends it when the pipe from the tests closes.
const KEEPER: &str = r#"
    "$1/initdb" -D "$2/data" -A trust -U postgres -E UTF8 --locale=C --no-sync --no-instructions >"$2/log" 2>&1 || exit 1
    "$1/postgres" -D "$2/data" -k "$2" -c listen_addresses= -c fsync=off -c full_page_writes=off \
        -c synchronous_commit=off -c max_connections=300 -c shared_buffers=32MB </dev/null >>"$2/log" 2>&1 &
    server=$!
    while kill -0 $server 2>/dev/null && ! "$1/pg_isready" -q -h "$2"; do sleep 0.05; done
    kill -0 $server 2>/dev/null || exit 1
    echo ready
    read -r end
    kill -QUIT $server
    wait $server
    rm -rf "$2"
"#;

struct Server {
    binaries: PathBuf,
    folder: PathBuf,
    /// Open as long as this process lives.
    _pipe: ChildStdin,
}

/// The URL of a new, empty database.
///
/// # Panics
/// When there is no PostgreSQL on this machine.
pub fn new_database() -> String {
    static SERVER: OnceLock<Server> = OnceLock::new();
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let server = SERVER.get_or_init(Server::start);
    let name = format!("test_{}", COUNT.fetch_add(1, Ordering::Relaxed));
    let created = Command::new(server.binaries.join("createdb"))
        .args(["-U", "postgres", "-h"])
        .arg(&server.folder)
        .arg(&name)
        .output()
        .unwrap();
    assert!(
        created.status.success(),
        "createdb: {}",
        String::from_utf8_lossy(&created.stderr)
    );
    format!("postgres://postgres@/{name}?host={}", server.folder.display())
}

impl Server {
    #[expect(clippy::zombie_processes, reason = "the keeper outlives this process by a moment")]
    fn start() -> Self {
        let binaries = binaries().expect(
            "no PostgreSQL server programs (initdb, postgres) in /usr/lib/postgresql/*/bin or pg_config --bindir: \
             run the tests by the README's command (`make test`), which installs them (Debian: apt-get install postgresql)",
        );
        let folder = tempfile::Builder::new()
            .prefix("fastgate-pg-")
            .tempdir()
            .unwrap()
            .keep();
        let mut command = match unprivileged_user(&folder) {
            None => Command::new("sh"),
            Some(user) => {
                // PostgreSQL refuses to run as root.
                let mut command = Command::new("runuser");
                command.args(["-u", &user, "--", "sh"]);
                command
            }
        };
        let mut child = command
            .args(["-c", KEEPER, "keeper"])
            .arg(&binaries)
            .arg(&folder)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut pipe = child.stdin.take().unwrap();
        let mut ready = [0; 5];
        let started = child.stdout.take().unwrap().read_exact(&mut ready);
        if started.is_err() {
            let log = fs::read_to_string(folder.join("log")).unwrap_or_default();
            panic!("PostgreSQL did not start:\n{log}");
        }
        pipe.flush().unwrap();
        Self {
            binaries,
            folder,
            _pipe: pipe,
        }
    }
}

/// A server of one test, which may be ended and frozen. Reached by TCP, so that a frozen one is silent and not refusing.
pub struct Own {
    binaries: PathBuf,
    folder: PathBuf,
    user: Option<String>,
    port: u16,
}

impl Own {
    /// A fresh one.
    pub fn start() -> Self {
        let folder = tempfile::Builder::new()
            .prefix("fastgate-pg-")
            .tempdir()
            .unwrap()
            .keep();
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let own = Self {
            binaries: binaries().expect("PostgreSQL's server programs (Debian: apt-get install postgresql)"),
            user: unprivileged_user(&folder),
            folder,
            port,
        };
        let initdb = "\"$1/initdb\" -D \"$2/data\" -A trust -U postgres -E UTF8 --locale=C --no-sync --no-instructions";
        own.run(initdb);
        own.start_again();
        own
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    /// Sends a signal, by its name without `SIG`, to the server; one that freezes or thaws to all of its processes.
    pub fn signal(&self, name: &str) {
        let server = self.server().expect("it runs");
        let kill = |target: &str| Command::new("kill").args(["-s", name, target]).output().unwrap().status;
        if ["STOP", "CONT"].contains(&name) {
            let children = Command::new("pgrep").args(["-P", &server]).output().unwrap().stdout;
            for child in String::from_utf8(children).unwrap().lines() {
                // It may have ended by itself.
                kill(child);
            }
        }
        assert!(kill(&server).success());
    }

    /// Waits for the end of the server and starts it again.
    pub fn wait_and_start_again(&self) {
        while self.server().is_some() {
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        self.start_again();
    }

    fn start_again(&self) {
        let options = format!(
            "-k \"$2\" -c listen_addresses=127.0.0.1 -c port={} -c fsync=off",
            self.port
        );
        let start = format!("\"$1/pg_ctl\" -D \"$2/data\" -l \"$2/log\" -w -o '{options}' start");
        self.run(&start.replace("\"$2\" -c", &format!("{} -c", self.folder.display())));
    }

    fn server(&self) -> Option<String> {
        let text = fs::read_to_string(self.folder.join("data/postmaster.pid")).ok()?;
        text.lines().next().map(str::to_owned)
    }

    fn run(&self, script: &str) {
        let mut command = match &self.user {
            None => Command::new("sh"),
            Some(user) => {
                let mut command = Command::new("runuser");
                command.args(["-u", user, "--", "sh"]);
                command
            }
        };
        let done = command
            .args(["-c", script, "own"])
            .arg(&self.binaries)
            .arg(&self.folder)
            .current_dir("/")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .unwrap();
        let log = || fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        assert!(done.success(), "{script}: {}", log());
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        if self.server().is_some() {
            self.signal("CONT");
            self.signal("QUIT");
            while self.server().is_some() {
                std::thread::sleep(std::time::Duration::from_millis(20));
            }
        }
        drop(fs::remove_dir_all(&self.folder));
    }
}

fn binaries() -> Option<PathBuf> {
    let complete = |folder: &PathBuf| folder.join("initdb").exists() && folder.join("postgres").exists();
    let mut found: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|version| Some(version.ok()?.path().join("bin")))
        .filter(complete)
        .collect();
    found.sort();
    found.pop().or_else(|| {
        let output = Command::new("pg_config").arg("--bindir").output().ok()?;
        let folder = PathBuf::from(String::from_utf8(output.stdout).ok()?.trim());
        complete(&folder).then_some(folder)
    })
}

/// As root: `postgres` or `nobody`, who then owns the folder. Else none is needed.
fn unprivileged_user(folder: &Path) -> Option<String> {
    if fs::metadata("/proc/self").unwrap().uid() != 0 {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").unwrap();
    let find = |name: &str| {
        let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut ids = line.split(':').skip(2).map(str::parse::<u32>);
        Some((name.to_owned(), ids.next()?.ok()?, ids.next()?.ok()?))
    };
    let (name, user, group) = find("postgres")
        .or_else(|| find("nobody"))
        .expect("a user other than root");
    chown(folder, Some(user), Some(group)).unwrap();
    Some(name)
}
