//! What keys may do.

use super::{PermissionRequest, Permissions};
use rstest::rstest;

fn request<'a>(upstream_path: &'a str, model: Option<&'a str>) -> PermissionRequest<'a> {
    PermissionRequest {
        upstream_path,
        client_path: "/team/a/chat",
        route_id: "0198-id",
        route_name: "Chat Proxy",
        model,
    }
}

const CHAT: &str = "/v1/chat/completions";

#[rstest]
#[case(&[], CHAT, None, true)]
#[case(&["*"], "/anything", None, true)]
#[case(&["chat"], CHAT, None, true)]
#[case(&["chat.completions"], "/openai/deployments/x/chat/completions", None, true)]
#[case(&["chat"], "/v1/chat/%63ompletions", None, true)]
#[case(&["completions"], CHAT, None, false)]
#[case(&["completions"], "/v1/completions", None, true)]
#[case(&["chat"], "/v1/completions", None, false)]
#[case(&["models"], "/v1/models/x", None, true)]
#[case(&["models"], "/v1/models/x/chat/completions", None, false)]
#[case(&["models"], "/v1/models/x/chat/%63ompletions", None, false)]
#[case(&["chat", "embeddings"], "/v1/embeddings", None, true)]
#[case(&["chat"], "/", None, false)]
#[case(&["route:0198-id"], "/x", None, true)]
#[case(&["route:Chat Proxy"], "/x", None, true)]
#[case(&["route:chat proxy"], "/x", None, false)]
#[case(&["path:/team/a/*"], "/x", None, true)]
#[case(&["path:/team/b/*"], "/x", None, false)]
#[case(&["model:gpt-*"], CHAT, Some("gpt-4"), true)]
#[case(&["model:gpt-*"], CHAT, Some("claude"), false)]
#[case(&["model:gpt-*"], CHAT, None, false)]
#[case(&["model:gpt-*", "model:claude"], CHAT, Some("claude"), true)]
#[case(&["model:gpt-*", "chat"], CHAT, Some("gpt-4"), true)]
#[case(&["model:gpt-*", "chat"], CHAT, Some("claude"), false)]
#[case(&["model:gpt-*", "chat"], "/v1/embeddings", Some("gpt-4"), false)]
#[case(&["model:gpt-*", "*"], "/x", Some("claude"), false)]
fn a_key_may_do_what_its_entries_say(
    #[case] entries: &[&str],
    #[case] upstream_path: &str,
    #[case] model: Option<&str>,
    #[case] allowed: bool,
) {
    let permissions = Permissions::compile(entries).expect("good entries");
    let asked = request(upstream_path, model);
    assert_eq!(permissions.allows(&asked), allowed);
    assert_eq!(permissions.lack(&asked).is_none(), allowed);
}

#[rstest]
#[case(&["completions"], CHAT, None, "`chat`, `route:Chat Proxy` or a `path:` that takes this request")]
#[case(&["chat"], "/health", None, "a permission: `route:Chat Proxy` or a `path:` that takes this request")]
#[case(&["model:gpt-*", "chat"], "/v1/files/f1", Some("claude"), "`files`")]
#[case(&["model:gpt-*"], CHAT, Some("cla\nude"), "for the model `cla\\nude`")]
#[case(&["model:gpt-*"], CHAT, None, "no model can be read")]
fn what_a_key_lacks_is_told_as_the_permission_that_would_do(
    #[case] entries: &[&str],
    #[case] upstream_path: &str,
    #[case] model: Option<&str>,
    #[case] told: &str,
) {
    let permissions = Permissions::compile(entries).expect("good entries");
    let lack = permissions.lack(&request(upstream_path, model)).expect("a lack");
    assert!(lack.to_string().contains(told), "{lack}");
}

#[test]
fn of_a_long_name_of_a_model_only_the_beginning_is_told() {
    let permissions = Permissions::compile(&["model:gpt-*"]).expect("good entries");
    let lack = permissions
        .lack(&request(CHAT, Some(&"模".repeat(1000))))
        .expect("a lack");
    assert!(lack.to_string().len() < 400, "{lack}");
}

#[test]
fn the_body_is_needed_for_model_entries_only() {
    let needs = |entries: &[&str]| Permissions::compile(entries).expect("good entries").needs_body_model();
    assert!(needs(&["chat", "model:gpt-*"]));
    assert!(!needs(&["chat", "path:/v1/*"]));
    assert!(!Permissions::default().needs_body_model());
}

#[test]
fn a_mistyped_entry_never_becomes_a_key_that_may_do_everything() {
    assert!(Permissions::compile(&["chatt"]).is_err());
    assert!(Permissions::compile(&["chat", ""]).is_err());
}
