/** Two reels and the tape between them. The reels turn while the page is live. */
export function Logo({ className }: { className?: string }) {
  return (
    <svg viewBox="0 0 40 24" className={className} aria-hidden="true" fill="none">
      <path d="M11 20h18" stroke="currentColor" strokeWidth="1.75" />
      {[11, 29].map((x) => (
        <g key={x} className="reel" stroke="currentColor" strokeWidth="1.75">
          <circle cx={x} cy="11" r="9" fill="var(--panel)" />
          <circle cx={x} cy="11" r="2.25" fill="var(--accent)" stroke="none" />
          {[0, 120, 240].map((turn) => (
            <path
              key={turn}
              d={`M${x} 6.6V4.4`}
              transform={`rotate(${turn} ${x} 11)`}
              strokeLinecap="round"
            />
          ))}
        </g>
      ))}
    </svg>
  );
}
