// What somebody has to know of: nobody is answered, the database is away or fills up, or an administrator has to act.
// Metrics: https://learn.microsoft.com/azure/container-apps/metrics and
// https://learn.microsoft.com/azure/postgresql/flexible-server/concepts-monitoring; the events are Muster's own.

@description('Prefix of every name.')
param name string

@description('Where the queries run.')
param location string

@description('Who gets a mail; empty for nobody.')
param mail string

@description('The container app.')
param appId string

@description('The PostgreSQL server.')
param databaseId string

@description('The Log Analytics workspace.')
param logsId string

var told = empty(mail) ? [] : [people.id]
var measured = [
  {
    key: 'nobody-answers'
    says: 'No replica of Muster runs: nobody who asks is answered.'
    severity: 0
    of: appId
    metric: 'Replicas'
    by: 'Maximum'
    operator: 'LessThan'
    threshold: 1
    dimensions: []
  }
  {
    key: 'teams-is-refused'
    says: 'Muster answers with errors: the store is away, or it cannot keep up. Teams tries again, people wait.'
    severity: 1
    of: appId
    metric: 'Requests'
    by: 'Total'
    operator: 'GreaterThan'
    threshold: 10
    dimensions: [
      {
        name: 'statusCodeCategory'
        operator: 'Include'
        values: ['5xx']
      }
    ]
  }
  {
    key: 'keeps-restarting'
    says: 'Muster has started again and again: see its last lines in the log.'
    severity: 1
    of: appId
    metric: 'RestartCount'
    by: 'Maximum'
    operator: 'GreaterThan'
    threshold: 3
    dimensions: []
  }
  {
    key: 'database-is-away'
    says: 'The database does not answer: Muster holds what people ask for up to 8 s, then Teams has to try again.'
    severity: 0
    of: databaseId
    metric: 'is_db_alive'
    by: 'Maximum'
    operator: 'LessThan'
    threshold: 1
    dimensions: []
  }
  {
    key: 'database-fills-up'
    says: 'The disk of the database is 85 % full. MUSTER_KEEP_DAYS says how long meetings are kept.'
    severity: 2
    of: databaseId
    metric: 'storage_percent'
    by: 'Average'
    operator: 'GreaterThan'
    threshold: 85
    dimensions: []
  }
]
var written = [
  {
    key: 'credentials-are-refused'
    says: 'Entra refuses Muster a token: the client secret is over or was changed. No meeting can be opened.'
    severity: 1
    event: 'token.refused'
    and: 'status[^0-9a-z]+4' // 0 is an Entra that does not answer
    threshold: 0
  }
  {
    key: 'permission-is-missing'
    says: 'Graph refuses meetings: the application access policy or a permission is missing. The log has the line to paste.'
    severity: 2
    event: 'graph.access_policy_missing'
    and: '.'
    threshold: 0
  }
  {
    key: 'requests-fail'
    says: 'Requests of people failed inside Muster. See them: python app.py turns list'
    severity: 1
    event: 'turn.failed'
    and: '.'
    threshold: 5
  }
]

resource people 'Microsoft.Insights/actionGroups@2023-01-01' = if (!empty(mail)) {
  name: '${name}-people'
  location: 'global'
  properties: {
    groupShortName: name
    enabled: true
    emailReceivers: [
      {
        name: 'on-call'
        emailAddress: mail
        useCommonAlertSchema: true
      }
    ]
  }
}

resource metrics 'Microsoft.Insights/metricAlerts@2018-03-01' = [for rule in measured: {
  name: '${name}-${rule.key}'
  location: 'global'
  properties: {
    description: rule.says
    severity: rule.severity
    enabled: true
    scopes: [rule.of]
    evaluationFrequency: 'PT1M'
    windowSize: 'PT5M'
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
      allOf: [
        {
          criterionType: 'StaticThresholdCriterion'
          name: rule.key
          metricName: rule.metric
          timeAggregation: rule.by
          operator: rule.operator
          threshold: rule.threshold
          dimensions: rule.dimensions
        }
      ]
    }
    actions: [for group in told: {
      actionGroupId: group
    }]
  }
}]

resource queries 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [for rule in written: {
  name: '${name}-${rule.key}'
  location: location
  properties: {
    displayName: '${name}-${rule.key}'
    description: rule.says
    severity: rule.severity
    enabled: true
    scopes: [logsId]
    evaluationFrequency: 'PT5M'
    windowSize: 'PT15M'
    skipQueryValidation: true // the table is there after the first line
    criteria: {
      allOf: [
        {
          query: 'ContainerAppConsoleLogs_CL | where ContainerAppName_s == "${name}" | where Log_s contains "${rule.event}" and Log_s matches regex "${rule.and}"'
          timeAggregation: 'Count'
          operator: 'GreaterThan'
          threshold: rule.threshold
          failingPeriods: {
            numberOfEvaluationPeriods: 1
            minFailingPeriodsToAlert: 1
          }
        }
      ]
    }
    autoMitigate: true
    actions: {
      actionGroups: told
    }
  }
}]
