//! The tables as diesel sees them. `migrations/` says what they are for.

diesel::table! {
    api_keys (key_id) {
        key_id -> Text,
        key_preview -> Text,
        hash -> Binary,
        previous_hash -> Nullable<Binary>,
        previous_valid_until -> Nullable<BigInt>,
        name -> Nullable<Text>,
        source_path -> Text,
        permissions -> Text,
        rate_limit -> Nullable<BigInt>,
        expires_at -> Nullable<BigInt>,
        is_active -> Bool,
        usage_count -> BigInt,
        last_used_at -> Nullable<BigInt>,
        created_at -> BigInt,
        max_concurrency -> Nullable<BigInt>,
    }
}

diesel::table! {
    routes (route_id) {
        route_id -> Text,
        route_name -> Text,
        priority -> Integer,
        is_active -> Bool,
        definition -> Text,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    sessions (token_hash) {
        token_hash -> Binary,
        created_at -> BigInt,
        last_used_at -> BigInt,
        expires_at -> BigInt,
        user_agent -> Nullable<Text>,
        address -> Text,
        role -> Text,
        name -> Nullable<Text>,
        token_id -> Nullable<Text>,
    }
}

diesel::table! {
    admin_tokens (token_id) {
        token_id -> Text,
        token_preview -> Text,
        token_hash -> Binary,
        name -> Text,
        role -> Text,
        is_active -> Bool,
        expires_at -> Nullable<BigInt>,
        created_by -> Text,
        created_at -> BigInt,
        last_used_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    admin_events (id) {
        id -> Text,
        time -> BigInt,
        kind -> Text,
        is_refusal -> Bool,
        author -> Nullable<Text>,
        author_name -> Nullable<Text>,
        session -> Nullable<Text>,
        address -> Nullable<Text>,
        object_id -> Nullable<Text>,
        object_name -> Nullable<Text>,
    }
}

diesel::table! {
    settings (name) {
        name -> Text,
        value -> Text,
    }
}

diesel::table! {
    changes (id) {
        id -> Text,
        time -> BigInt,
        author -> Text,
        session -> Nullable<Text>,
        address -> Nullable<Text>,
        source -> Text,
        restored_from -> Nullable<Text>,
        kind -> Text,
        object_id -> Text,
        object_name -> Text,
        action -> Text,
        document_before -> Nullable<Text>,
        document_after -> Nullable<Text>,
        etag -> Nullable<Text>,
        kept -> Nullable<Text>,
        author_name -> Nullable<Text>,
    }
}

diesel::table! {
    audit_records (id) {
        id -> BigInt,
        writer -> BigInt,
        request_id -> Text,
        source_path -> Nullable<Text>,
        key_id -> Nullable<Text>,
        key_preview -> Nullable<Text>,
        route_id -> Nullable<Text>,
        route_name -> Nullable<Text>,
        method -> Text,
        path -> Text,
        target_url -> Nullable<Text>,
        status_code -> Nullable<Integer>,
        outcome -> Nullable<Text>,
        request_time -> BigInt,
        first_response_time -> Nullable<BigInt>,
        response_time -> Nullable<BigInt>,
        duration_us -> Nullable<BigInt>,
        ttfb_us -> Nullable<BigInt>,
        gateway_us -> Nullable<BigInt>,
        request_size -> BigInt,
        response_size -> BigInt,
        user_agent -> Nullable<Text>,
        ip_address -> Text,
        is_stream -> Bool,
        stream_chunks -> BigInt,
        model -> Nullable<Text>,
        prompt_tokens -> Nullable<BigInt>,
        completion_tokens -> Nullable<BigInt>,
        error_message -> Nullable<Text>,
        has_error -> Bool,
    }
}

diesel::table! {
    audit_details (id) {
        id -> BigInt,
        request_headers -> Text,
        request_body -> Nullable<Text>,
        response_headers -> Text,
        response_body -> Nullable<Text>,
        attempts -> Text,
        match_reason -> Nullable<Text>,
        replay -> Nullable<Text>,
    }
}

diesel::table! {
    rollups (span, dimension, start, segment, value) {
        span -> Integer,
        dimension -> Integer,
        start -> BigInt,
        segment -> BigInt,
        value -> Text,
        name -> Text,
        requests -> BigInt,
        errors -> BigInt,
        duration_us -> BigInt,
        ttfb_us -> BigInt,
        bytes_in -> BigInt,
        bytes_out -> BigInt,
        prompt_tokens -> BigInt,
        completion_tokens -> BigInt,
        durations -> Binary,
        ttfbs -> Binary,
    }
}

diesel::table! {
    path_rollups (span, start, segment, path) {
        span -> Integer,
        start -> BigInt,
        segment -> BigInt,
        path -> Text,
        requests -> BigInt,
        errors -> BigInt,
    }
}

diesel::allow_tables_to_appear_in_same_query!(audit_records, audit_details);
