//! `POST /admin/routes/{route_id}/test`.
