# Varnish in front of Redthread: /etc/varnish/default.vcl. README.md says what each
# part is for, and with which parameters varnishd has to be started.
vcl 4.1;

backend redthread {
    .host = "127.0.0.1";
    .port = "8080";
    .connect_timeout = 5s;
    .first_byte_timeout = 60s;
    .between_bytes_timeout = 60s;
}

sub vcl_recv {
    if (req.http.Upgrade ~ "(?i)^websocket$") {
        return (pipe);
    }
    if (req.method != "GET" && req.method != "HEAD") {
        return (pass);
    }
    if (req.http.Authorization || req.http.Accept ~ "text/event-stream" || req.url ~ "^/changes(\?|$)") {
        return (pass);
    }
    return (hash);
}

sub vcl_pipe {
    if (req.http.Upgrade) {
        set bereq.http.Upgrade = req.http.Upgrade;
        set bereq.http.Connection = "upgrade";
    }
}

sub vcl_backend_response {
    set beresp.grace = 0s;
    set beresp.keep = 1h;
    if (beresp.was_304) {
        set beresp.http.X-Cache = "REVALIDATED";
    }
}

sub vcl_deliver {
    if (resp.http.Cache-Control ~ "^public") {
        set resp.http.Cache-Control = "public, no-cache";
    }
    if (obj.hits > 0) {
        set resp.http.X-Cache = "HIT";
    } elsif (!resp.http.X-Cache) {
        set resp.http.X-Cache = "MISS";
    }
}
