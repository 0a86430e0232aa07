// The operations of this client. The Relay compiler reads them here.
const { graphql } = require("relay-runtime");

exports.REPORTS = graphql`
  query operationsReportsQuery($filter: ReportFilter, $count: Int!) {
    ...operationsReports_query @arguments(filter: $filter, count: $count)
  }
`;

// The query for the next page is made by the compiler, without the directives of the query above.
exports.REPORTS_LIST = graphql`
  fragment operationsReports_query on Query
  @refetchable(queryName: "operationsReportsPageQuery")
  @argumentDefinitions(count: {type: "Int", defaultValue: 3}, cursor: {type: "String"}, filter: {type: "ReportFilter"}) {
    reports(first: $count, after: $cursor, filter: $filter, orderBy: {field: PUBLISHED_AT, direction: DESC})
    @connection(key: "operationsReports_reports", filters: ["filter", "orderBy"]) {
      edges { node { id slug title publishedAt tags { id slug label } } }
    }
  }
`;

exports.REPORT = graphql`
  query operationsReportQuery($slug: String!) {
    report(slug: $slug) {
      id
      slug
      title
      body(format: HTML)
      footnotes { number text source { id title url } }
      entities(first: 20) { nodes { id slug name kind } }
    }
  }
`;

exports.NODE = graphql`
  query operationsNodeQuery($id: ID!) {
    node(id: $id) {
      __typename
      ... on Document { displayName }
    }
  }
`;

// Not right: it gives both.
exports.AMBIGUOUS = graphql`
  query operationsAmbiguousQuery($id: ID!, $slug: String!) {
    report(id: $id, slug: $slug) { title }
    tags(first: 1) { nodes { slug } }
  }
`;

// The same, for a caller that wants the error of the field.
exports.AMBIGUOUS_CAUGHT = graphql`
  query operationsAmbiguousCaughtQuery($id: ID!, $slug: String!) {
    report(id: $id, slug: $slug) @catch { title }
    tags(first: 1) { nodes { slug } }
  }
`;

exports.CREATE = graphql`
  mutation operationsCreateMutation($input: CreateReportInput!) {
    createReport(input: $input) { report { id slug version } }
  }
`;

exports.DELETE = graphql`
  mutation operationsDeleteMutation($input: DeleteInput!) {
    deleteReport(input: $input) { deletedId @deleteRecord }
  }
`;
