/// How the page looks: one accent, much room, figures of equal width, and nothing that only a mouse or
/// a wide screen can reach.
let pageStyle = """
    :root {
        color-scheme: light;
        --paper: #f7f6f3; --card: #ffffff; --ink: #1d2327; --quiet: #5d666d; --line: #e3e1db;
        --accent: #0b6e6e; --accent-soft: #d5e9e7; --band: #0b6e6e2b; --before: #9aa3a8;
        --up: #1c7a3e; --down: #a8431f; --focus: #b3541e;
    }
    @media (prefers-color-scheme: dark) {
        :root:not([data-theme="light"]) {
            color-scheme: dark;
            --paper: #14181b; --card: #1c2226; --ink: #e6e9ea; --quiet: #9aa5ab; --line: #2c343a;
            --accent: #54c0b8; --accent-soft: #1f4442; --band: #54c0b833; --before: #6d787e;
            --up: #62c486; --down: #e58f6b; --focus: #f0a86b;
        }
    }
    :root[data-theme="dark"] {
        color-scheme: dark;
        --paper: #14181b; --card: #1c2226; --ink: #e6e9ea; --quiet: #9aa5ab; --line: #2c343a;
        --accent: #54c0b8; --accent-soft: #1f4442; --band: #54c0b833; --before: #6d787e;
        --up: #62c486; --down: #e58f6b; --focus: #f0a86b;
    }

    * { box-sizing: border-box; }
    html { -webkit-text-size-adjust: 100%; }
    body {
        margin: 0 auto; max-width: 76rem; padding: 0 1.25rem 2rem; background: var(--paper);
        color: var(--ink); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans",
        "DejaVu Sans", sans-serif; font-variant-numeric: tabular-nums;
    }
    a { color: var(--accent); text-decoration-thickness: 1px; text-underline-offset: 3px; }
    :focus-visible, input:focus-within { outline: 3px solid var(--focus); outline-offset: 2px; border-radius: 4px; }
    .hidden {
        position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);
        white-space: nowrap;
    }
    .skip { position: absolute; left: -999rem; }
    .skip:focus { left: 1rem; top: .5rem; background: var(--card); padding: .4rem .8rem; z-index: 1; }
    .quiet, .detail { color: var(--quiet); }
    h1 { font-size: 1.6rem; line-height: 1.2; margin: 0; letter-spacing: -.01em; font-weight: 650; }
    h2 { font-size: 1rem; margin: 0 0 .75rem; font-weight: 650; }

    header {
        display: flex; flex-wrap: wrap; align-items: center; gap: .5rem 1.25rem; padding: .9rem 0;
        border-bottom: 1px solid var(--line);
    }
    .brand a {
        display: flex; align-items: center; gap: .45rem; color: var(--ink); font-weight: 700;
        text-decoration: none;
    }
    .brand svg path { fill: none; stroke: var(--accent); stroke-width: 2.4; stroke-linecap: round; }
    .brand svg circle { fill: var(--accent); }
    .property { color: var(--quiet); }
    .live { display: flex; gap: 1.25rem; margin: 0 0 0 auto; }
    .live[hidden] { display: none; }
    .live div { display: flex; align-items: baseline; gap: .4rem; }
    .live dt { color: var(--quiet); font-size: .85rem; }
    .live dd { margin: 0; font-weight: 650; min-width: 2ch; }
    #theme:not([hidden]) { margin-left: 0; }
    .live[hidden] + #theme { margin-left: auto; }

    button, select, input {
        font: inherit; color: inherit; background: var(--card); border: 1px solid var(--line);
        border-radius: 7px; padding: .3rem .7rem; min-height: 2.2rem; max-width: 100%;
    }
    button { cursor: pointer; }
    button:hover { border-color: var(--accent); }
    form.line label { max-width: 100%; }
    form.line, form.property { display: flex; flex-wrap: wrap; gap: .5rem; align-items: center; }
    label > span { color: var(--quiet); font-size: .85rem; margin-right: .4rem; }

    .heading {
        display: flex; flex-wrap: wrap; align-items: baseline; justify-content: space-between;
        gap: .25rem 1.5rem; margin: 1.6rem 0 1rem;
    }
    .counted { margin: 0; color: var(--quiet); font-size: .9rem; }
    .counted strong { color: var(--ink); font-weight: 650; }

    nav ul { list-style: none; display: flex; flex-wrap: wrap; gap: .3rem; margin: 0; padding: 0; }
    .periods {
        display: flex; flex-wrap: wrap; gap: .75rem 1.5rem; align-items: center;
        justify-content: space-between; margin-bottom: 1rem;
    }
    .periods a, .filters li a {
        display: inline-block; padding: .35rem .75rem; border-radius: 7px; color: var(--ink);
        text-decoration: none;
    }
    .periods a:hover { background: var(--accent-soft); }
    .periods a[aria-current] { background: var(--accent); color: var(--card); font-weight: 600; }
    .filters { display: flex; flex-wrap: wrap; gap: .6rem; align-items: center; margin-bottom: 1rem; }
    .filters > span { color: var(--quiet); }
    .filters li a { background: var(--accent-soft); }

    .tiles {
        display: grid; grid-template-columns: repeat(auto-fit, minmax(11rem, 1fr)); gap: 1px;
        background: var(--line); border: 1px solid var(--line); border-radius: 12px;
        overflow: hidden; margin: 0 0 1rem;
    }
    .tile { background: var(--card); padding: .9rem 1.1rem; }
    .tile dt { color: var(--quiet); font-size: .85rem; }
    .tile dd { margin: 0; display: flex; flex-wrap: wrap; align-items: baseline; gap: 0 .6rem; }
    .tile strong { font-size: 1.5rem; font-weight: 650; letter-spacing: -.01em; }
    .tile .detail { flex-basis: 100%; font-size: .85rem; }
    .change { font-size: .85rem; color: var(--quiet); white-space: nowrap; }
    .change.up { color: var(--up); }
    .change.down { color: var(--down); }

    .card {
        background: var(--card); border: 1px solid var(--line); border-radius: 12px;
        padding: 1.1rem; min-width: 0;
    }
    .card.wide { margin: 1rem 0; }
    .cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 30rem), 1fr)); gap: 1rem; }
    .nothing { color: var(--quiet); margin: 1rem 0; }
    .legend { margin: -.4rem 0 .6rem; color: var(--quiet); font-size: .85rem; }
    .key { display: inline-block; width: 1.1rem; border-top: 3px solid var(--accent); margin: 0 .4rem .22rem 0; }
    .key.before { border-top: 2px dashed var(--before); margin-left: .8rem; }

    svg.series, svg.flow { display: block; overflow: visible; }
    .plot { display: grid; grid-template-columns: 2.6rem 1fr; }
    .room { margin-top: 1rem; }
    .rule { stroke: var(--line); }
    .tick { fill: var(--quiet); font-size: 12px; }
    .area { fill: var(--accent); opacity: .13; }
    .line { fill: none; stroke: var(--accent); stroke-width: 2.2; stroke-linejoin: round; }
    .line.before { stroke: var(--before); stroke-width: 1.6; stroke-dasharray: 4 4; }
    .point rect { fill: transparent; }
    .point circle { fill: var(--accent); stroke: var(--card); stroke-width: 2; visibility: hidden; }
    .point:hover circle { visibility: visible; }
    .room { min-width: 46rem; padding-bottom: .5rem; }
    .band { fill: var(--band); }
    .band:hover { fill: var(--accent); opacity: .5; }
    .node { fill: var(--accent); }
    .page { fill: var(--ink); font-size: 12.5px; }
    .page .number { fill: var(--quiet); }

    .scroll { overflow-x: auto; }
    table { width: 100%; border-collapse: collapse; font-size: .92rem; }
    th, td { padding: .32rem .5rem; text-align: right; white-space: nowrap; font-weight: 400; }
    thead th { color: var(--quiet); font-size: .8rem; padding-bottom: .4rem; }
    th:first-child, th[scope="row"], .text { text-align: left; }
    tbody tr + tr > * { border-top: 1px solid var(--line); }
    table.breakdown, table.funnel { border-spacing: 0; }
    .breakdown th[scope="row"], .funnel th[scope="row"] {
        position: relative; width: 100%; max-width: 0; padding-left: .55rem;
    }
    .name {
        position: relative; display: block; overflow: hidden; text-overflow: ellipsis;
    }
    .name a { color: var(--ink); text-decoration-color: var(--before); text-decoration-style: dotted; }
    .name a:hover { color: var(--accent); text-decoration-style: solid; }
    .bar { position: absolute; inset: 3px 0; height: calc(100% - 6px); }
    .bar rect { fill: var(--accent-soft); }
    .funnel .bar { inset: 4px 0; height: calc(100% - 8px); }
    .funnel th[scope="row"] { padding-block: .6rem; min-width: 12rem; }
    .step {
        display: inline-block; min-width: 1.5em; color: var(--quiet); font-weight: 650;
    }
    .more { margin: .7rem 0 0; font-size: .9rem; }
    details { margin-top: .8rem; }
    summary { cursor: pointer; color: var(--quiet); font-size: .9rem; padding: .2rem 0; width: max-content; }
    details .scroll { max-height: 24rem; overflow-y: auto; }
    form.steps { display: flex; flex-wrap: wrap; gap: .6rem; align-items: end; margin-bottom: .4rem; }
    form.steps label { flex: 1 1 9rem; }
    form.steps label > span { display: block; }
    form.steps input { width: 100%; }
    code { font-size: .92em; background: var(--accent-soft); border-radius: 4px; padding: 0 .3em; }
    footer { margin-top: 2rem; color: var(--quiet); font-size: .85rem; }

    @media (max-width: 40rem) {
        body { padding: 0 .8rem 1.5rem; }
        .live { order: 3; width: 100%; justify-content: space-between; margin: 0; }
        #theme { margin-left: auto; }
        .tiles { grid-template-columns: 1fr 1fr; }
        .tile { padding: .75rem .85rem; }
        .tile strong { font-size: 1.3rem; }
        .minor { display: none; }
        .plot { grid-template-columns: 2.2rem 1fr; }
        .periods a { padding: .45rem .65rem; }
        .room { min-width: 42rem; }
    }
    @media print { .periods form, .filters, form, #theme, .skip, .more { display: none; } }

    """
