/**
 * What every answer of the browser door says. Nothing inline, nothing from elsewhere, no frame around it, memory isolated from other
 * sites; the only thing that the page may connect to is the server that it came from.
 */
export function securityHeaders(authority: string): Readonly<Record<string, string>> {
  return {
    "Content-Security-Policy": contentSecurityPolicy(authority),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cache-Control": "no-store",
  };
}

/** `authority` is the host and port that the page was asked for by: already checked, so it can be named here. */
export function contentSecurityPolicy(authority: string): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data: blob:",
    "font-src 'self'",
    "worker-src 'self'",
    // Not every browser takes 'self' for a WebSocket of the same origin.
    `connect-src 'self' ws://${authority}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "object-src 'none'",
  ].join("; ");
}
