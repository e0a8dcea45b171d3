import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitepress';

/** The site is made of the repository's own documents; nothing is written twice. */
const root = fileURLToPath(new URL('../../../', import.meta.url));
const api = 'tools/site/api';

const page = (text: string, link: string) => ({ text, link });

/** The documents of a folder by their headings. */
function pagesOf(folder: string) {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder))
    .filter((name) => name.endsWith('.md'))
    .sort()
    .map((name) => {
      const [, title = name] = /^# (.+)$/m.exec(readFileSync(join(root, folder, name), 'utf8')) ?? [];
      return page(title, `/${folder}/${name.replace(/\.md$/, '')}`);
    });
}

/** Documents that have another place on the site. */
const places: Readonly<Record<string, string>> = {
  'README.md': 'index.md',
  'README.zh-CN.md': 'zh.md',
  'docs/README.md': 'docs/index.md',
};

const index = 'docs/README.md';

/** The documents that the index lists under a heading, in its order, in groups where it has them. */
function listedUnder(heading: string) {
  const text = readFileSync(join(root, index), 'utf8');
  const section = text.split(/^## /m).find((part) => part.startsWith(`${heading}\n`));
  if (section === undefined) throw new Error(`${index} has no heading "${heading}"`);
  const groups: { text: string; items: ReturnType<typeof page>[] }[] = [];
  for (const line of section.split('\n')) {
    const title = /^([A-Z][^.:]*):$/.exec(line)?.[1];
    if (title !== undefined || groups.length === 0) groups.push({ text: title ?? heading, items: [] });
    const [, name, target] = /^(?:-|\d+\.) \[([^\]]+)\]\(([^)#]+)\)/.exec(line) ?? [];
    if (name === undefined || target === undefined) continue;
    const path = join(dirname(index), target).replace(/\.md$/, '');
    groups.at(-1)?.items.push(page(name, `/${path}`));
  }
  return groups.filter(({ items }) => items.length > 0);
}

/** The address on the site of a link to one of them; VitePress leaves such links as they are. */
function placeOf(href: string, from: string): string | undefined {
  const [path = '', anchor] = href.split('#');
  if (path === '' || /^[a-z]+:/i.test(path)) return undefined;
  const place = places[join(dirname(from), path)]?.replace(/(index)?\.md$/, '');
  return place === undefined ? undefined : `/${place}${anchor === undefined ? '' : `#${anchor}`}`;
}

/** A link to a file that is no page of the site, such as a script or the licence, is shown as words. */
function isFileOfTheRepository(href: string, from: string): boolean {
  if (/^[a-z]+:|^#|^\//i.test(href)) return false;
  const [path = ''] = href.split('#');
  const file = join(dirname(from), path);
  const isPage = file.endsWith('.md') && !file.startsWith('packages/');
  return !isPage && existsSync(join(root, file));
}

/** What GitHub makes of a heading: the links of the documents are made for it. */
function anchorOf(heading: string): string {
  const letters = heading.toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, '');
  return letters.trim().replaceAll(' ', '-');
}

export default defineConfig({
  title: 'nestjs-affinity-queue',
  description: 'Forced-affinity task queues for NestJS, on BullMQ and Redis',
  srcDir: root,
  srcExclude: ['**/node_modules/**', 'packages/**', '.ci/**'],
  outDir: join(root, 'tools/site/dist'),
  cacheDir: join(root, 'tools/site/.cache'),
  rewrites: {
    ...places,
    [`${api}/README.md`]: 'api/index.md',
    [`${api}/:path*`]: 'api/:path*',
  },
  cleanUrls: true,
  lastUpdated: false,
  markdown: {
    anchor: { slugify: anchorOf },
    config: (md) => {
      const isLinkText = Symbol('a link that is shown as words');
      md.core.ruler.push('files-of-the-repository', (state) => {
        const from = relative(root, String((state.env as { path?: string }).path ?? ''));
        for (const { children } of state.tokens) {
          const open: boolean[] = [];
          for (const token of children ?? []) {
            if (token.type === 'link_open') {
              open.push(isFileOfTheRepository(token.attrGet('href') ?? '', from));
              if (open.at(-1)) token.meta = isLinkText;
              const place = placeOf(token.attrGet('href') ?? '', from);
              if (place !== undefined) token.attrSet('href', place);
            }
            if (token.type === 'link_close' && open.pop()) token.meta = isLinkText;
          }
          if (children) {
            const kept = children.filter(({ meta }) => meta !== isLinkText);
            children.splice(0, children.length, ...kept);
          }
        }
      });
    },
  },
  themeConfig: {
    search: { provider: 'local' },
    outline: [2, 3],
    nav: [
      page('Guides', '/docs/#guides'),
      page('Reference', '/docs/#reference'),
      page('Recipes', '/docs/#recipes'),
      page('Glossary', '/docs/glossary'),
      page('Upgrading', '/docs/upgrading'),
      page('API', '/api/'),
      page('中文', '/zh'),
    ],
    sidebar: [
      { text: 'Start here', items: [page('README', '/'), page('All documents', '/docs/')] },
      { text: 'Guides', items: listedUnder('Guides') },
      { text: 'Reference', items: listedUnder('Reference').flatMap(({ items }) => items) },
      { text: 'Recipes', items: listedUnder('Recipes').flatMap(({ items }) => items) },
      {
        text: 'More',
        items: [
          page('API', '/api/'),
          ...listedUnder('Words and versions').flatMap(({ items }) => items),
          page('Contributing', '/CONTRIBUTING'),
        ],
      },
      { text: '中文', items: [page('README', '/zh'), ...pagesOf('docs/zh-CN')] },
    ],
  },
});
