//! `fastgate config`: what a shell and its exit codes see of it.

use crate::support::process::{Process, fastgate};
use std::fs;
use std::process::Output;

const TOKEN: &str = "fga_the-token-of-all-tests";

struct Shell(Process);

impl Shell {
    fn open() -> Self {
        let flag = format!("security.admin_token={TOKEN}");
        Self(Process::start(&["--set", &flag]))
    }

    fn config(&self, args: &[&str]) -> Output {
        fastgate(self.0.folder.path())
            .arg("config")
            .args(args)
            .args(["--url", &self.0.url])
            .env("FASTGATE_ADMIN_TOKEN", TOKEN)
            .output()
            .unwrap()
    }

    /// Writes the file and works on it.
    fn with(&self, text: &str, args: &[&str]) -> (Option<i32>, String, String) {
        fs::write(self.0.folder.path().join("gate.yaml"), text).unwrap();
        let output = self.config(args);
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    }
}

#[test]
fn a_file_is_planned_applied_and_exported_again() {
    let shell = Shell::open();
    let file = "routes:\n- {route_name: Chat, match_path: /v1/*, target_host: one.test}\nkeys:\n- {name: ci, source_path: app}\n";
    let (code, plan, _) = shell.with(file, &["plan", "gate.yaml"]);
    assert_eq!(code, Some(3), "there is something to change");
    assert!(
        plan.contains("+ route \"Chat\"") && plan.contains("2 to make"),
        "{plan}"
    );

    let (code, out, said) = shell.with(file, &["apply", "gate.yaml"]);
    assert_eq!((code, &*out), (Some(1), ""), "nobody is there to say yes");
    assert!(said.contains("--yes"), "{said}");
    let (code, out, said) = shell.with(file, &["apply", "gate.yaml", "--yes"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(out.contains("\tci\tfg_"), "the new key's value is shown once: {out}");
    let (code, plan, _) = shell.with(file, &["plan", "gate.yaml"]);
    assert_eq!(code, Some(0), "{plan}");
    assert!(plan.contains("2 stay as they are"), "{plan}");

    let exported = String::from_utf8(shell.config(&["export"]).stdout).unwrap();
    let (code, plan, _) = shell.with(&exported, &["plan", "gate.yaml", "--prune"]);
    assert_eq!(code, Some(0), "{plan}");
    let changed = exported.replace("one.test", "two.test");
    let (_, plan, _) = shell.with(&changed, &["plan", "gate.yaml"]);
    assert!(plan.contains("target_host: \"one.test\" → \"two.test\""), "{plan}");
}

#[test]
fn what_is_refused_names_its_place_and_never_the_token() {
    let shell = Shell::open();
    let (code, _, said) = shell.with("routes:\n- {route_name: r, match_path: v1}\n", &["plan", "gate.yaml"]);
    assert_eq!(code, Some(1));
    assert!(said.contains("routes[0].match_path: "), "{said}");
    let output = fastgate(shell.0.folder.path())
        .args(["config", "export", "--url", &shell.0.url])
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("FASTGATE_ADMIN_TOKEN"), "{said}");
    let output = fastgate(shell.0.folder.path())
        .args(["config", "export", "--url", &shell.0.url])
        .env("FASTGATE_ADMIN_TOKEN", "wrong-and-secret")
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("401") && !said.contains("wrong-and-secret"), "{said}");
}
