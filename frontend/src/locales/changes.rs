//! Texts of the page of changes, of conflicts, and of export and import.

super::texts! {
    title = "Changes", "变更";
    lead = "Who changed which key, route or setting, and the way back.", "谁更改了哪个密钥、路由或设置，以及如何恢复。";
    empty = "Nothing was changed yet. Every change of a key or route will be here.", "尚无变更。密钥或路由的每次变更都会显示在此处。";
    kind_filter = "Kind", "类型";
    author_filter = "Who", "操作者";
    any_kind = "All kinds", "全部类型";
    anybody = "Anybody", "任何人";
    from_day = "From", "起始日期";
    to_day = "To", "结束日期";
    one_object = "One object only", "仅此对象";
    remove_filter = "One object only: show all", "仅此对象：显示全部";
    total(n: &str) = "{n} change[s]", "{n} 次变更";
    older = "Older changes", "更早的变更";
    refresh = "Refresh", "刷新";

    col_when = "When", "时间";
    col_who = "Who", "操作者";
    col_what = "What", "对象";
    col_action = "Action", "操作";
    col_fields = "Fields", "字段";
    key = "Key", "密钥";
    route = "Route", "路由";
    setting = "Setting", "设置";
    admin_token = "Admin token", "管理员令牌";
    master_key = "Encryption key", "加密密钥";
    created = "Created", "创建";
    updated = "Changed", "修改";
    toggled = "Switched", "开关";
    rotated = "Rotated", "轮换";
    deleted = "Deleted", "删除";
    by_token = "Admin token", "管理员令牌";
    by_named_token = "Token", "令牌";
    by_session = "Dashboard", "控制台";
    by_program = "Command line", "命令行";
    via_import = "by an import", "通过导入";
    via_restore = "by a restore", "通过恢复";
    session(id: &str) = "session {id}", "会话 {id}";
    and_more(n: usize) = "+{n} more", "另有 {n} 项";

    change = "Change", "变更";
    when = "When", "时间";
    who = "Who", "操作者";
    object_id = "Id", "ID";
    all_of_object = "All changes of it", "该对象的全部变更";
    differences = "Differences", "差异";
    no_difference = "No difference.", "没有差异。";
    nothing = "(nothing)", "（无）";
    hidden = "The values are secret and not kept.", "值为机密，不予保留。";

    restore = "Restore…", "恢复…";
    restore_of(name: &str) = "Restore {name}", "恢复 {name}";
    restore_title(name: &str) = "Restore {name}?", "恢复 {name}？";
    restore_do = "Restore", "恢复";
    state = "Put it back", "恢复到";
    state_before = "as it stood before this change", "此变更之前的状态";
    state_after = "as it stood after this change", "此变更之后的状态";
    restore_change = "It takes effect at once, for every request from then on. It is a change itself and can be undone.", "立即对之后的所有请求生效。恢复本身也是一次变更，可以撤销。";
    restore_create_route = "The deleted route is made again under its old id and takes requests at once.", "将以原 ID 重新创建已删除的路由，并立即接收请求。";
    restore_create_key = "The deleted key is made again. Its old secret works again at once: rotate it if it leaked.", "将重新创建已删除的密钥，其原有密钥值立即恢复有效；如已泄露请轮换。";
    restore_same = "It already stands like this: there is nothing to restore.", "已处于该状态，无需恢复。";
    restored(name: &str) = "{name} was restored.", "已恢复 {name}。";

    conflict_title = "Somebody else changed this meanwhile", "其他人同时修改了此对象";
    conflict_lead(who: &str, place: &str, at: &str) = "{who}, {place}, {at}", "{who}，{place}，{at}";
    conflict_lead_unknown = "Who it was is not known.", "无法得知是谁修改的。";
    conflict_choice = "Keeping yours overwrites the whole object, their changes included. Taking theirs throws yours away.", "保留我的修改会覆盖整个对象，包括对方的修改；采用对方的修改会丢弃您的修改。";
    both_changed = "both changed", "双方均修改";
    was = "was", "原值";
    theirs = "theirs", "对方";
    mine = "mine", "我的";
    take_theirs = "Take theirs", "采用对方的";
    keep_mine = "Keep mine", "保留我的";
    took_theirs = "Your changes were not saved.", "您的修改未保存。";

    export = "Export YAML", "导出 YAML";
    import = "Import", "导入";
    import_title = "Import keys and routes", "导入密钥和路由";
    import_lead = "YAML as an export gives it. Masked credentials keep what is stored.", "与导出格式相同的 YAML。掩码凭据保留已存储的值。";
    document = "Document", "文档";
    document_hint = "Fields that are left out have their defaults.", "省略的字段使用默认值。";
    from_file = "Open a file", "打开文件";
    prune = "Delete what the document does not name", "删除文档中未列出的对象";
    prune_hint = "Routes and keys that are stored but missing in its sections.", "已存储但未出现在相应部分中的路由和密钥。";
    preview = "Show differences", "显示差异";
    apply = "Apply", "应用";
    plan_summary(made: u64, changed: u64, deleted: u64, same: u64) = "{made} to make, {changed} to change, {deleted} to delete; {same} stay as they are.", "新建 {made}，修改 {changed}，删除 {deleted}；{same} 项不变。";
    plan_left(n: u64) = "{n} stored objects are not named and stay.", "有 {n} 个已存储对象未列出，将保留。";
    plan_none = "Nothing is different.", "没有差异。";
    imported = "The configuration was imported.", "配置已导入。";
    new_keys = "New keys", "新密钥";
    new_keys_once = "These values are shown this one time. Copy them now.", "这些值仅显示这一次，请立即复制。";
    stored_them = "I have stored them", "我已保存";
    value_of(name: &str) = "the value of {name}", "{name} 的密钥值";
}
