extension HTML {
    /// The style sheet of reports: light or dark as the reader's system is, light on paper; nothing comes from a network.
    package static let reportStyle: HTML = """
        <style>
        :root { color-scheme: light dark; --ink: #1b1f24; --faint: #68707a; --paper: #fff; --rule: #d9dde2; --good: #1f77b4;
          --defective: #d6562b; --limit: #7a3fb0; --mean: #0b6e4f; }
        @media (prefers-color-scheme: dark) { :root { --ink: #e4e7eb; --faint: #9aa3ad; --paper: #15181c; --rule: #353b43;
          --good: #63b0ea; --defective: #f58a62; --limit: #c79bf2; --mean: #4fc99a; } }
        * { box-sizing: border-box; }
        body { margin: 0 auto; max-width: 1260px; padding: 24px; background: var(--paper); color: var(--ink);
          font: 15px/1.5 system-ui, "DejaVu Sans", sans-serif; }
        h1 { font-size: 1.5em; margin: 0 0 4px; } h2 { font-size: 1.2em; margin: 36px 0 8px; }
        h3 { font-size: 1.1em; margin: 28px 0 8px; border-top: 1px solid var(--rule); padding-top: 16px; }
        h4 { font-size: 1em; margin: 16px 0 4px; } p { margin: 4px 0; } .none, .faint { color: var(--faint); }
        .wide { overflow-x: auto; } table { border-collapse: collapse; font-size: .82em;
          font-variant-numeric: tabular-nums; }
        th, td { padding: 3px 5px; text-align: right; vertical-align: bottom; border-bottom: 1px solid var(--rule); }
        td { white-space: nowrap; }
        th:first-child, td:first-child { text-align: left; padding-left: 0; } th { font-weight: 600; }
        tr.mean td { font-weight: 600; border-top: 2px solid var(--rule); }
        .charts, .gallery { display: flex; flex-wrap: wrap; gap: 12px; } figure { margin: 0; }
        .charts figure { flex: 1 1 300px; max-width: 370px; } .seeds figure { flex: 0 1 280px; }
        figcaption { font-size: .85em; color: var(--faint); text-align: center; overflow-wrap: anywhere; }
        svg { display: block; width: 100%; height: auto; } svg text { fill: var(--faint); font-size: 11px; }
        svg .mark { fill: var(--limit); } circle { fill: var(--good); } circle.out { fill: var(--defective); stroke: var(--ink); } .grid { stroke: var(--rule); stroke-width: 1; }
        polyline { fill: none; stroke-linejoin: round; } .chance { stroke: var(--rule); stroke-dasharray: 4 4; }
        .seed { stroke: var(--good); stroke-width: 1; opacity: .55; } .mean { stroke: var(--mean); stroke-width: 2.5; }
        rect.good { fill: var(--good); opacity: .6; } rect.defective { fill: var(--defective); opacity: .6; }
        .limit { stroke: var(--limit); stroke-width: 2; } .key { font-size: .85em; }
        .key i { display: inline-block; width: 12px; height: 12px; margin: 0 5px 0 14px; vertical-align: -1px; }
        .key i:first-child { margin-left: 0; }
        .gallery figure { max-width: 100%; }
        img { display: block; max-width: 100%; height: auto; } details summary { cursor: pointer; margin-top: 12px; }
        dl { display: grid; grid-template-columns: max-content 1fr; gap: 2px 14px; font-size: .85em; margin: 8px 0; }
        dt { font-weight: 600; } dd { margin: 0; } .sortable th button { all: unset; cursor: pointer; }
        .sortable th button:focus-visible { outline: 2px solid; } .sortable td:nth-child(2),
        .sortable th:nth-child(2), .sortable td:nth-child(n+5), .sortable th:nth-child(n+5) { text-align: left; }
        a { color: inherit; }
        @media print { :root { color-scheme: light; --ink: #000; --faint: #444; --paper: #fff; --rule: #bbb; --good: #1f77b4;
          --defective: #d6562b; --limit: #7a3fb0; --mean: #0b6e4f; } body { max-width: none; padding: 0; font-size: 11px; }
          figure, tr { break-inside: avoid; } h3 { break-after: avoid; } * { print-color-adjust: exact; } }
        </style>
        """
}
